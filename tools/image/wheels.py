"""The Python packages of the image: the wheels of the locks in requirements/, for its Python."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.image.errors import ImageError, listed
from tools.image.pool import sha256

REQUIREMENTS = Path(__file__).parents[2] / "requirements"
LOCKS = ("runtime", "kiosk")
"""Debian has the rest: systemd-python is its package python3-systemd."""

# Debian 13's Python and C library.
_PYTHON = "313"
_PLATFORMS = tuple(
    f"{name}_x86_64"
    for name in ("manylinux2014", *(f"manylinux_2_{minor}" for minor in range(17, 42)))
)
_PIN = re.compile(r"([\w.-]+)(?:\[[\w,-]+\])?==([^\s;]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True)
class Pinned:
    """A package of the locks, by its normalised name, with the SHA-256 of each of its files."""

    name: str
    version: str
    hashes: frozenset[str]


def normalised(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned() -> Iterator[Pinned]:
    """What the locks pin."""
    for lock in LOCKS:
        text = (REQUIREMENTS / f"{lock}.txt").read_text()
        for entry in text.replace("\\\n", " ").splitlines():
            if found := _PIN.match(entry):
                yield Pinned(normalised(found[1]), found[2], frozenset(_HASH.findall(entry)))


def cached(cache: Path) -> dict[str, tuple[Pinned, Path, str]]:
    """By name, each package with a locked wheel in ``cache``: it, the wheel, its SHA-256."""
    wanted = {one: package for package in pinned() for one in package.hashes}
    files = ((path, sha256(path)) for path in sorted(cache.glob("*.whl")))
    return {wanted[one].name: (wanted[one], path, one) for path, one in files if one in wanted}


def fetch(cache: Path, *, offline: bool) -> None:
    """Fill ``cache`` with the wheels of the locks.

    Raises ``ImageError`` if one is missing or cannot be had.
    """
    cache.mkdir(parents=True, exist_ok=True)
    if _lacking(cache) and not offline:
        _pip("download", "--dest", str(cache))
    if lacking := _lacking(cache):
        raise ImageError(f"Not in the cache: {listed(lacking)}.", "Run it without --offline.")


def _lacking(cache: Path) -> list[str]:
    have = cached(cache)
    return sorted(one.name for one in pinned() if one.name not in have)


def install(cache: Path, target: Path, own: Path | None) -> None:
    """Install the wheels of ``cache``, and our ``own``, into the folder ``target``.

    Without programs, for pip would write the path of this machine's Python into each, and without
    their manuals; RECORD, which has hashes of them, does not name them either.

    Raises ``ImageError`` if pip refuses.
    """
    local = ("--no-index", "--find-links", str(cache), "--target", str(target), "--no-compile")
    _pip("install", *local)
    _drop_programs(target)
    if own:
        # By its name: of a file, pip would note the path.
        name, version = own.name.split("-")[:2]
        _pip_bare("install", *local, "--find-links", str(own.parent), f"{name}=={version}")
        _drop_programs(target)


_OUTSIDE = ("../../bin/", "../../share/")  # as RECORD names what goes there


def _drop_programs(target: Path) -> None:
    for name in ("bin", "share"):
        shutil.rmtree(target / name, ignore_errors=True)
    for record in target.glob("*.dist-info/RECORD"):
        lines = record.read_text().splitlines(keepends=True)
        record.write_text("".join(line for line in lines if not line.startswith(_OUTSIDE)))


def _pip(command: str, *options: str) -> None:
    locks = [f"--requirement={REQUIREMENTS / lock}.txt" for lock in LOCKS]
    _pip_bare(command, "--require-hashes", *options, *locks)


def _pip_bare(command: str, *options: str) -> None:
    platforms = [f"--platform={name}" for name in _PLATFORMS]
    fixed = ("--quiet", "--no-deps", "--only-binary=:all:", "--python-version", _PYTHON)
    whole = [sys.executable, "-m", "pip", command, *fixed, *platforms, *options]
    if subprocess.run(whole, check=False).returncode:
        raise ImageError("pip could not get the wheels.", "Its own message is above.")
