"""Delete kernel modules of a root that the image must not have: python3 modules.py ROOT.

``modules.remove`` names folders of modules; ``modules.keep`` names modules of these that stay, with all
that they depend on.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent


def listed(name: str) -> list[str]:
    """The lines of a list beside this program, without comments."""
    lines = (HERE / name).read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def trim(modules: Path) -> None:
    """Delete what ``modules.remove`` names, in the folder of one kernel's modules."""
    depends = dict(
        line.split(":", 1) for line in (modules / "modules.dep").read_text().splitlines()
    )
    stem = {Path(path).name.split(".")[0].replace("-", "_"): path for path in depends}
    kept: set[str] = set()
    for name in listed("modules.keep"):
        if name in stem:
            kept |= {stem[name], *depends[stem[name]].split()}
    removed = tuple(f"kernel/{folder}" for folder in listed("modules.remove"))
    for path in depends:
        below = any(path == folder or path.startswith(f"{folder}/") for folder in removed)
        if below and path not in kept:
            (modules / path).unlink()
    for folder in sorted((modules / "kernel").rglob("*"), reverse=True):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


if __name__ == "__main__":
    for version in (Path(sys.argv[1]) / "usr/lib/modules").iterdir():
        trim(version)
