"""A wheel holds all that the program needs, and runs without the repository."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from appliance.version import version
from tests.house.files import committed
from tests.paths import REPOSITORY

# Symbolic links in the package, and where they lead.
LINKS = {
    "appliance/resources/policies": "policies",
    "appliance/resources/starter": "models/starter",
}
# For people who read or compile the sources.
LEFT_OUT = frozenset((".cpp", ".cu", ".h", ".md"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy: setuptools leaves files in the folder that it builds in."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    for path in committed(
        "appliance", "models", "policies", "pyproject.toml", "README.md", "LICENSE"
    ):
        copy = source / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / path, copy, follow_symlinks=False)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index"]
    options = ["--no-build-isolation", "--wheel-dir", str(folder), str(source)]
    subprocess.run([*pip, *options], check=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a virtual environment that has the wheel, and our dependencies."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--no-index", str(wheel)], check=True)
    show = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = subprocess.check_output([python, "-c", show], text=True).strip()
    # Python puts this folder on its path, but not what the .pth files in the folder name: the
    # editable installation of the repository stays out.
    Path(packages, "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python.parent


def test_a_wheel_holds_the_package_with_its_data_and_nothing_else(wheel: Path) -> None:
    files = {str(path) for path in committed("appliance")} - LINKS.keys()
    for link, target in LINKS.items():
        files |= {f"{link}/{path.relative_to(target)}" for path in committed(target)}
    files = {name for name in files if "/vendor/" not in name}  # headers, for compiling alone
    wanted = {name for name in files if Path(name).suffix not in LEFT_OUT}
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    assert wanted <= held
    extra = {name for name in held - wanted if ".dist-info/" not in name}
    assert {Path(name).name for name in extra} <= {"CREDITS.md", "README.md"}
    assert "appliance/resources/portraits/CREDITS.md" in extra


def test_a_swap_runs_from_a_wheel_alone(programs: Path, tmp_path: Path) -> None:
    show = "import appliance.resources as r; print(r.__file__, r.portraits(), sep='\\n')"
    shown = subprocess.check_output([programs / "python", "-c", show], cwd=tmp_path, text=True)
    module, portraits = map(Path, shown.splitlines())
    assert module.is_relative_to(programs.parent)
    output = subprocess.check_output([programs / "appliance", "--version"], cwd=tmp_path, text=True)
    assert version() in output
    swap: list[str | Path] = [programs / "appliance", "swap", "--output", "result.png"]
    swap += ["--source", portraits / "person_a_1.jpg", "--target", portraits / "person_b_1.jpg"]
    subprocess.run(swap, cwd=tmp_path, check=True)
    assert (tmp_path / "result.png").stat().st_size > 0
