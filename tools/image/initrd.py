"""Copy from a root what its initrd needs: python -m tools.image.initrd ROOT INTO.

The initrd is the root's own systemd: it finds the slot of the root hash, opens it with dm-verity,
makes /var at the first boot, and switches to the root. Libraries follow from the programs.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tools.image.locked import read_list

HERE = Path(__file__).parents[2] / "image-build"
LIBRARIES = "usr/lib/x86_64-linux-gnu"


def copy(root: Path, into: Path, path: str) -> None:
    """Copy one file or link, and what a link points to."""
    source, target = root / path, into / path
    if target.is_symlink() or target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_symlink():
        to = str(source.readlink())
        target.symlink_to(to)
        where = Path(to.lstrip("/")) if to.startswith("/") else Path(path).parent / to
        inside = os.path.normpath(where)
        if (root / inside).is_file() or (root / inside).is_symlink():
            copy(root, into, inside)
    elif source.is_file():
        shutil.copy2(source, target)


def copy_files(root: Path, into: Path) -> None:
    """Copy what ``initrd.files`` names, without what it excludes (lines that begin with "!")."""
    patterns = read_list(HERE / "initrd.files")
    excluded = {
        path.relative_to(root)
        for pattern in patterns
        if pattern.startswith("!")
        for path in root.glob(pattern[1:])
    }
    for pattern in patterns:
        if pattern.startswith("!"):
            continue
        found = sorted(root.glob(pattern))
        if not found:
            sys.exit(f"initrd: there is no {pattern}")
        for path in found:
            name = path.relative_to(root)
            if name not in excluded and not any(parent in excluded for parent in name.parents):
                copy(root, into, str(name))


def needed(program: Path) -> list[str]:
    """The names of the libraries that a program or library is linked to."""
    done = subprocess.run(["readelf", "-d", program], capture_output=True, text=True, check=True)
    return re.findall(r"\(NEEDED\).*\[(.*)\]", done.stdout)


def copy_libraries(root: Path, into: Path) -> None:
    """Copy the shared libraries that the programs copied so far are linked to."""
    todo = [path for path in into.rglob("*") if path.is_file() and not path.is_symlink()]
    while todo:
        path = todo.pop()
        with path.open("rb") as file:
            if file.read(4) != b"\x7fELF":
                continue
        for name in needed(path):
            for folder in (LIBRARIES, f"{LIBRARIES}/systemd", "usr/lib64"):
                source = root / folder / name
                if source.exists() and not (into / folder / name).exists():
                    copy(root, into, f"{folder}/{name}")
                    todo.append(into / os.path.relpath(source.resolve(), root.resolve()))
                    break


def copy_modules(root: Path, into: Path) -> None:
    """Copy the kernel modules of ``initrd.modules`` with what they depend on."""
    (modules,) = (root / "usr/lib/modules").iterdir()
    name = f"usr/lib/modules/{modules.name}"
    depends = dict(
        line.split(":", 1) for line in (modules / "modules.dep").read_text().splitlines()
    )
    stem = {Path(path).name.split(".")[0].replace("-", "_"): path for path in depends}
    for wanted in read_list(HERE / "initrd.modules"):
        if wanted in stem:
            for path in (stem[wanted], *depends[stem[wanted]].split()):
                copy(root, into, f"{name}/{path}")
    for table in ("modules.builtin", "modules.builtin.modinfo", "modules.order"):
        copy(root, into, f"{name}/{table}")
    subprocess.run(["depmod", "-b", into, modules.name], check=True)


def copy_own(source: Path, into: Path) -> None:
    """Copy the initrd's own files; their modes are not those of this checkout."""
    for path in sorted(source.rglob("*")):
        target = into / path.relative_to(source)
        if path.is_dir():
            target.mkdir(exist_ok=True)
        else:
            target.write_bytes(path.read_bytes())
        target.chmod(0o755 if path.is_dir() else 0o644)


def main() -> None:
    """Make the tree of the initrd."""
    root, into = (Path(argument) for argument in sys.argv[1:])
    for folder in (
        "dev",
        "proc",
        "sys",
        "run",
        "tmp",
        "var",
        "sysroot",
        "etc",
        "usr/bin",
        "var/tmp",
    ):
        (into / folder).mkdir(parents=True, exist_ok=True)
    for link in ("bin", "sbin", "lib", "lib64"):
        target = (root / link).readlink()
        (into / target).mkdir(parents=True, exist_ok=True)
        (into / link).symlink_to(target)
    copy_files(root, into)
    copy_libraries(root, into)
    copy_modules(root, into)
    copy_own(HERE / "initrd", into)
    (into / "init").symlink_to("usr/lib/systemd/systemd")
    (into / "etc/initrd-release").symlink_to("../usr/lib/os-release")
    (into / "etc/machine-id").touch()


if __name__ == "__main__":
    main()
