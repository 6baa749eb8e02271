"""Counts the lines of the project's code that run as root: ``python -m tools.root_lines``.

It counts every module of the project that a keeper has loaded by the time it is ready to serve. A
line counts if it holds a token of Python that is neither a comment nor part of a docstring.
"""

from __future__ import annotations

import ast
import io
import json
import subprocess
import sys
import tokenize
from pathlib import Path

_REPOSITORY = Path(__file__).parents[1]
_LIST_MODULES = f"""
import json, sys
sys.path.append({str(_REPOSITORY)!r})
import appliance.keeper.__main__
print(json.dumps({{name: getattr(module, "__file__", None) for name, module in
                  sys.modules.items()}}))
"""
_NOT_CODE = {
    *(tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT),
    *(tokenize.ENCODING, tokenize.ENDMARKER),
}


def loaded_modules() -> dict[str, str | None]:
    """The modules that a keeper has loaded, by name, with the file of each that has one."""
    # Isolated (-I) and without the site module (-S): no installed package is loaded as well.
    command = [sys.executable, "-I", "-S", "-c", _LIST_MODULES]
    found: dict[str, str | None] = json.loads(subprocess.check_output(command))
    return found


def code_lines(source: str) -> int:
    """The number of lines of code in ``source``, a Python module."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    lines = {
        line
        for token in tokens
        if token.type not in _NOT_CODE
        for line in range(token.start[0], token.end[0] + 1)
    }
    return len(lines - _docstring_lines(ast.parse(source)))


def root_lines() -> dict[str, int]:
    """Lines of code by module, without the standard library."""
    return {
        name: code_lines(Path(file).read_text())
        for name, file in loaded_modules().items()
        if name.partition(".")[0] == "appliance" and file is not None
    }


def _docstring_lines(tree: ast.Module) -> set[int]:
    lines: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and node.body:
            first = node.body[0]
            if ast.get_docstring(node) is not None and first.end_lineno is not None:
                lines |= set(range(first.lineno, first.end_lineno + 1))
    return lines


if __name__ == "__main__":
    counted = root_lines()
    for module, number in sorted(counted.items()):
        print(f"{number:4} {module}")
    print(f"{sum(counted.values()):4} in total")
