"""Counts our lines of code that run as root: ``python -m tests.keeper.lines``.

A line counts if it holds a Python token that is neither comment nor docstring, in every module of
this project that a keeper has loaded when it is ready to serve.
"""

from __future__ import annotations

import ast
import io
import json
import subprocess
import sys
import tokenize
from pathlib import Path

from tests.paths import REPOSITORY

_LISTED = """
import json, sys
import appliance.keeper.__main__
print(json.dumps({name: getattr(module, "__file__", None) for name, module in
                  sys.modules.items()}))
"""
_NO_CODE = {
    *(tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT),
    *(tokenize.ENCODING, tokenize.ENDMARKER),
}


def loaded() -> dict[str, str | None]:
    """The modules of a keeper and their files."""
    command = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.append({str(_HOUSE)!r})"]
    command[-1] += _LISTED
    found: dict[str, str | None] = json.loads(subprocess.check_output(command))
    return found


def code_lines(source: str) -> int:
    """Lines of code in ``source``."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    lines = {
        line
        for token in tokens
        if token.type not in _NO_CODE
        for line in range(token.start[0], token.end[0] + 1)
    }
    return len(lines - _docstrings(ast.parse(source)))


def _docstrings(tree: ast.Module) -> set[int]:
    lines: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and node.body:
            first = node.body[0]
            if ast.get_docstring(node) is not None and first.end_lineno is not None:
                lines |= set(range(first.lineno, first.end_lineno + 1))
    return lines


_HOUSE = REPOSITORY


def of_root() -> dict[str, int]:
    """Lines of code by module, of this project only."""
    return {
        name: code_lines(Path(file).read_text())
        for name, file in loaded().items()
        if name.partition(".")[0] == "appliance" and file is not None
    }


if __name__ == "__main__":
    counted = of_root()
    for name, lines in sorted(counted.items()):
        print(f"{lines:4} {name}")
    print(f"{sum(counted.values()):4} in all")
