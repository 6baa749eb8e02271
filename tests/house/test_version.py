"""pyproject.toml alone states the version; everything else asks ``appliance.version``."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator

from appliance.version import DISTRIBUTION, version
from tests.house.files import committed
from tests.paths import REPOSITORY


def stated(source: str) -> Iterator[str]:
    """Versions that the module ``source`` states as text, and its own look-ups of one."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(text))):
                pass
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=str(text))):
                pass
            case ast.alias(name="importlib.metadata" | "metadata"):
                name, text = "version", "importlib.metadata"
            case _:
                continue
        if name.strip("_").lower() == "version":
            yield text


def test_the_installed_version_is_the_one_that_pyproject_states() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert (project["name"], project["version"]) == (DISTRIBUTION, version())


def test_no_other_module_states_or_looks_up_a_version() -> None:
    assert list(stated('__version__ = "1"\nversion: str = "2"\nimport importlib.metadata')) == [
        "1",
        "2",
        "importlib.metadata",
    ]
    modules = [path for path in committed("appliance") if path.suffix == ".py"]
    found = {str(path) for path in modules if list(stated((REPOSITORY / path).read_text()))}
    assert found == {"appliance/version.py"}
