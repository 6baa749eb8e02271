"""Copy from a root what its initrd needs: python3 initrd.py ROOT INTO.

The initrd is the root's own systemd: it finds the slot of the root hash, opens it with dm-verity, makes
/var at the first boot, and switches to the root. Shared libraries follow from the programs.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
LIBRARIES = "usr/lib/x86_64-linux-gnu"


def listed(name: str) -> list[str]:
    """The lines of a list beside this program, without comments."""
    lines = (HERE / name).read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def copy(root: Path, into: Path, path: str) -> None:
    """Copy one file or link, and what a link points to."""
    source, target = root / path, into / path
    if target.is_symlink() or target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_symlink():
        target.symlink_to(os.readlink(source))
        to = os.readlink(source)
        where = Path(to.lstrip("/")) if to.startswith("/") else Path(path).parent / to
        inside = os.path.normpath(where)
        if (root / inside).is_file() or (root / inside).is_symlink():
            copy(root, into, inside)
    elif source.is_file():
        shutil.copy2(source, target)


def copy_files(root: Path, into: Path) -> None:
    """Copy what ``initrd.files`` names, without what it excludes (lines that begin with "!")."""
    patterns = listed("initrd.files")
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


def copy_libraries(root: Path, into: Path) -> None:
    """Copy the shared libraries that the programs copied so far are linked to."""
    todo = [path for path in into.rglob("*") if path.is_file() and not path.is_symlink()]
    while todo:
        path = todo.pop()
        with path.open("rb") as file:
            if file.read(4) != b"\x7fELF":
                continue
        done = subprocess.run(
            ["readelf", "-d", path], capture_output=True, text=True, check=True
        ).stdout
        for name in re.findall(r"\(NEEDED\).*\[(.*)\]", done):
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
    for wanted in listed("initrd.modules"):
        if wanted in stem:
            for path in (stem[wanted], *depends[stem[wanted]].split()):
                copy(root, into, f"{name}/{path}")
    for table in ("modules.builtin", "modules.builtin.modinfo", "modules.order"):
        copy(root, into, f"{name}/{table}")
    subprocess.run(["depmod", "-b", into, modules.name], check=True)


def main() -> None:
    root, into = (Path(argument) for argument in sys.argv[1:])
    for folder in ("dev", "proc", "sys", "run", "tmp", "var", "sysroot", "etc", "usr/bin", "var/tmp"):
        (into / folder).mkdir(parents=True, exist_ok=True)
    for link in ("bin", "sbin", "lib", "lib64"):
        target = os.readlink(root / link)
        (into / target).mkdir(parents=True, exist_ok=True)
        (into / link).symlink_to(target)
    copy_files(root, into)
    copy_libraries(root, into)
    copy_modules(root, into)
    shutil.copytree(HERE / "initrd", into, dirs_exist_ok=True)
    (into / "init").symlink_to("usr/lib/systemd/systemd")
    (into / "etc/initrd-release").symlink_to("../usr/lib/os-release")
    (into / "etc/machine-id").touch()


if __name__ == "__main__":
    main()
