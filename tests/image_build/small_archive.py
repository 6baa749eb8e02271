"""A small archive of packages, built by dpkg-deb and served to apt from a folder."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

from tools.image.locked import Lock, Locked
from tools.image.pool import sha256, write_index

TIME = datetime(2026, 11, 29, 0, 53, 14, tzinfo=UTC)
_ALWAYS = "Essential: yes\nPriority: required\n"


def small_archive(folder: Path) -> Lock:
    """Fill ``folder``: apt with a library, and cage with what the appliance goes without."""
    packages = (
        _package(folder, "apt", "3.0", f"{_ALWAYS}Depends: libsmall1 (>= 1:2)\n"),
        _package(folder, "cage", "0.2", "Depends: libgbm1, linux-initramfs-tool\n"),
        _package(folder, "libgbm1", "25.0", "Depends: libsmall1, mesa-libgallium (= 25.0)\n"),
        _package(folder, "libsmall1", "1:2.0~rc1+b1", ""),
        _package(folder, "mesa-libgallium", "25.0", ""),
        _package(folder, "initramfs-tools", "0.1", "Provides: linux-initramfs-tool\n"),
        _package(folder, "zstd", "1.5", ""),
    )
    lock = Lock(TIME, tuple(sorted(packages)))
    write_index(folder, lock)
    return lock


def _package(folder: Path, name: str, version: str, more: str) -> Locked:
    tree = folder / name
    (tree / "DEBIAN").mkdir(parents=True)
    control = (
        f"Package: {name}\nVersion: {version}\nArchitecture: amd64\nMaintainer: nobody\n{more}"
    )
    (tree / "DEBIAN/control").write_text(f"{control}Description: small\n in two lines\n")
    (tree / "DEBIAN").chmod(0o755)
    package = Locked(name, version, "amd64", "", 0)
    path = folder / package.file
    command = ["dpkg-deb", "--root-owner-group", "-Znone", "--build", str(tree), str(path)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return Locked(name, version, "amd64", sha256(path), path.stat().st_size)
