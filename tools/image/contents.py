"""Every file of a root: its hash, and what it comes from."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from tools.image.dpkg import Database
from tools.image.python_packages import Distribution

_COMPILED = re.compile(r"(.*/)?__pycache__/([^/]+)\.cpython-[0-9]+(?:\.opt-[12])?\.pyc")
_PIECE = 1 << 20  # bytes


@dataclass(frozen=True)
class Entry:
    """A file, or a link, whose hashes are empty strings; otherwise in hexadecimal."""

    path: str
    sha256: str
    md5: str


def walk(root: Path) -> tuple[Entry, ...]:
    """Everything in ``root`` that is not a folder, sorted by path."""
    found = []
    for folder, folders, names in os.walk(root):
        links = [name for name in folders if Path(folder, name).is_symlink()]
        for name in (*names, *links):
            path = Path(folder, name)
            hashes = _hashes(path) if path.is_file() and not path.is_symlink() else ("", "")
            found.append(Entry(str(path.relative_to(root)), *hashes))
    return tuple(sorted(found, key=lambda entry: entry.path))


def _hashes(path: Path) -> tuple[str, str]:
    # dpkg knows the MD5 of a file; it finds what was changed by mistake, not by an attacker.
    strong, weak = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            strong.update(piece)
            weak.update(piece)
    return strong.hexdigest(), weak.hexdigest()


@dataclass(frozen=True)
class Own:
    """What the image itself adds or changes: patterns, and trees that were copied into it.

    ``patterns`` name files of no package, ``changed`` those of packages; a tree is copied to the
    folder of the root that stands before it.
    """

    patterns: Sequence[str] = ()
    changed: Sequence[str] = ()
    trees: Sequence[tuple[str, Path]] = ()

    def made(self, path: str) -> bool:
        """Whether a pattern names ``path``, of no package."""
        return any(fnmatchcase(path, pattern) for pattern in self.patterns)

    def changes(self, path: str) -> bool:
        """Whether a pattern names ``path``, of a package."""
        return any(fnmatchcase(path, pattern) for pattern in self.changed)

    def copy(self, path: str) -> Path | None:
        """The file of the last of the trees that has ``path``."""
        for folder, tree in reversed(self.trees):
            start = f"{folder}/" if folder else ""
            copied = tree / path.removeprefix(start)
            if path.startswith(start) and os.path.lexists(copied):
                return copied
        return None


def strays(
    entries: Iterable[Entry], database: Database, python: Iterable[Distribution], own: Own
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Files that nothing accounts for, and files that are not as their package or tree has them.

    Compiled Python belongs to what it was compiled from.
    """
    stated: Mapping[str, str] = {
        path: digest for one in python for path, digest in one.files.items()
    }
    unknown, altered = [], []
    for entry in entries:
        path = entry.path
        compiled = _COMPILED.fullmatch(path)
        origin = f"{compiled[1] or ''}{compiled[2]}.py" if compiled else path
        copied = own.copy(path)
        if copied is not None:
            if not _same(copied, entry):
                altered.append(path)
        elif own.made(path) or (compiled and own.copy(origin)):
            continue
        elif origin not in database.owners and origin not in stated:
            unknown.append(path)
        elif own.changes(path):
            continue
        elif (entry.md5 and database.sums.get(path, entry.md5) != entry.md5) or (
            entry.sha256 and (stated.get(path) or entry.sha256) != entry.sha256
        ):
            altered.append(path)
    return tuple(unknown), tuple(altered)


def _same(copied: Path, entry: Entry) -> bool:
    """Whether the root has what was copied into it; links may have been followed."""
    if not entry.sha256:
        return copied.is_symlink() or not copied.is_file()
    return copied.is_file() and _hashes(copied)[0] == entry.sha256


def sums(entries: Iterable[Entry]) -> str:
    """The hashes of all files, as `sha256sum --check` reads them in the root."""
    return "".join(f"{one.sha256}  {one.path}\n" for one in entries if one.sha256)
