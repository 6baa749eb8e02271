"""Delete kernel modules that the image must not have: python -m tools.image.kernel_modules ROOT.

``modules.remove`` names folders of modules; ``modules.keep`` names modules of these that stay, with
all that they depend on.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tools.image.locked import read_list

HERE = Path(__file__).parents[2] / "image-build"


def trim(modules: Path) -> None:
    """Delete what ``modules.remove`` names, in the folder of one kernel's modules."""
    depends = dict(
        line.split(":", 1) for line in (modules / "modules.dep").read_text().splitlines()
    )
    stem = {Path(path).name.split(".")[0].replace("-", "_"): path for path in depends}
    kept: set[str] = set()
    for name in read_list(HERE / "modules.keep"):
        if name in stem:
            kept |= {stem[name], *depends[stem[name]].split()}
    removed = tuple(f"kernel/{folder}" for folder in read_list(HERE / "modules.remove"))
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
