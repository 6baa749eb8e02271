from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import av
import pytest

from appliance.pipeline.media.preload import NEVER_USED, modules_of

# Imports within functions that no photo reaches: windows, and XMP as a tree.
UNREACHED = frozenset(
    ("PIL.ImageQt", "PIL.ImageShow", "PIL.ImageWin", "defusedxml", "defusedxml.ElementTree")
)
LOADED = """
import sys
import appliance.cli.commands.inspect, appliance.cli.swap.command
print(*sys.modules)
"""


@pytest.fixture(scope="module")
def loaded() -> frozenset[str]:
    """The modules that a command has loaded before it seals itself, by name."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, check=True, text=True
    )
    return frozenset(done.stdout.split())


def late_imports(name: str) -> Iterator[str]:
    """What functions of the module ``name`` import."""
    spec = importlib.util.find_spec(name)
    assert spec
    source = Path(spec.origin or "").with_suffix("")
    path = Path(f"{str(source).removesuffix('.abi3')}.py")
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for function in ast.walk(ast.parse(path.read_text())):
        if isinstance(function, ast.FunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Import):
                    yield from (alias.name for alias in node.names)
                elif isinstance(node, ast.ImportFrom):
                    base = "." * node.level + (node.module or "")
                    base = importlib.util.resolve_name(base, package)
                    yield base
                    inner = (f"{base}.{alias.name}" for alias in node.names)
                    yield from (one for one in inner if is_module(one))


def is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def test_every_module_of_pyav_is_loaded_before_the_seal(loaded: frozenset[str]) -> None:
    folder = Path(av.__file__).parent
    files = [path for path in folder.rglob("*.py") if path.name != "__init__.py"]
    names = {".".join(("av", *path.relative_to(folder).with_suffix("").parts)) for path in files}
    assert names - loaded == NEVER_USED
    assert names - NEVER_USED <= set(modules_of(av))


def test_whatever_functions_of_pillow_import_is_loaded_before_the_seal(
    loaded: frozenset[str],
) -> None:
    used = [name for name in loaded if name.startswith("PIL.") and "_" not in name]
    assert "PIL.JpegImagePlugin" in used
    late = {found for name in used for found in late_imports(name)}
    assert "PIL.ImagePalette" in late
    assert late - loaded == UNREACHED
