"""What dpkg's database in a root says: the packages, and which of them each file belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.image.errors import ImageError

_DATABASE = Path("var/lib/dpkg")
_FIELD = re.compile(r"^(\S+):[ \t]*(.*)$", re.MULTILINE)
_SOURCE = re.compile(r"(\S+)(?: \((\S+)\))?")
_ALTERNATIVES = Path("etc/alternatives")


@dataclass(frozen=True, order=True)
class Package:
    """An installed package; ``source`` is its source package.

    ``provides`` has the names that it stands for, its own too. ``needs`` has what it depends on,
    each as a choice of names.
    """

    name: str
    version: str
    architecture: str
    source: str
    source_version: str
    provides: tuple[str, ...]
    needs: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Database:
    """Owners by path relative to the root, and the MD5 in hexadecimal that dpkg knows of a file."""

    packages: tuple[Package, ...]
    owners: Mapping[str, str]
    sums: Mapping[str, str]


def read_database(root: Path, installed: Path) -> Database:
    """What is installed in ``root``; the database lies below ``installed``.

    Raises ``ImageError`` if there is none.
    """
    status = installed / _DATABASE / "status"
    if not status.is_file():
        raise ImageError("There is no database of dpkg.", "Keep it, and name it with --installed.")
    packages = tuple(sorted(_packages(status.read_text())))
    merged, owners, sums = _merged(root), {}, {}
    for package in packages:
        for path in _lines(installed, package, "list"):
            owners[_canonical(path, merged)] = package.name
        for line in _lines(installed, package, "md5sums"):
            digest, _, path = line.partition("  ")
            sums[_canonical(path, merged)] = digest
    for original, diverted in _diversions(installed, merged):
        for facts in (owners, sums):
            if original in facts:
                facts[diverted] = facts[original]
    for path, link in _alternatives(root, installed):
        owner = owners.get(_canonical(link, merged))
        if owner:
            owners[_canonical(path, merged)] = owner
    return Database(packages, owners, sums)


def _packages(status: str) -> Iterator[Package]:
    for stanza in status.split("\n\n"):
        have: dict[str, str] = dict(_FIELD.findall(stanza))
        if have.get("Status") == "install ok installed":
            source = _SOURCE.fullmatch(have.get("Source", have["Package"]))
            name, version = source.groups() if source else (have["Package"], None)
            yield Package(
                have["Package"],
                have["Version"],
                have["Architecture"],
                name,
                version or have["Version"],
                (have["Package"], *(one for (one,) in _relation(have.get("Provides", "")))),
                _relation(have.get("Pre-Depends", "")) + _relation(have.get("Depends", "")),
            )


def _relation(field: str) -> tuple[tuple[str, ...], ...]:
    """The names in a field such as Depends, without versions: each of its parts is a choice."""
    parts = (part.split("|") for part in field.split(",") if part.strip())
    return tuple(tuple(re.split(r"[ :(]", one.strip())[0] for one in part) for part in parts)


def needed(packages: tuple[Package, ...]) -> Mapping[str, tuple[str, ...]]:
    """By name of a package, the packages that it depends on: of each choice what is installed."""
    providers: dict[str, list[str]] = {}
    for package in packages:
        for name in package.provides:
            providers.setdefault(name, []).append(package.name)
    return {
        package.name: tuple(
            sorted(
                {
                    one
                    for choice in package.needs
                    for name in choice
                    for one in providers.get(name, ())
                }
            )
        )
        for package in packages
    }


def _lines(installed: Path, package: Package, kind: str) -> list[str]:
    """The lines of one of dpkg's lists; the name has the architecture if several could be there."""
    for name in (package.name, f"{package.name}:{package.architecture}"):
        path = installed / _DATABASE / "info" / f"{name}.{kind}"
        if path.is_file():
            return path.read_text().splitlines()
    return []


def _merged(root: Path) -> Mapping[str, str]:
    """Folders of the root that are links, such as lib, with what they lead to."""
    links = (path for path in root.iterdir() if path.is_symlink())
    return {path.name: str(path.readlink()).strip("/") for path in links}


def _canonical(path: str, merged: Mapping[str, str]) -> str:
    """Where ``path`` lies, relative to the root, if its first folder is a link."""
    first, slash, rest = path.strip("/").partition("/")
    return f"{merged[first]}/{rest}" if slash and first in merged else f"{first}{slash}{rest}"


def _diversions(installed: Path, merged: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Pairs: where a package has a file, and where dpkg puts it."""
    path = installed / _DATABASE / "diversions"
    lines = path.read_text().splitlines() if path.is_file() else []
    for original, diverted in zip(lines[::3], lines[1::3], strict=False):
        yield _canonical(original, merged), _canonical(diverted, merged)


def _alternatives(root: Path, installed: Path) -> Iterator[tuple[str, str]]:
    """Pairs: a link that update-alternatives made, and the file that it leads to in the end."""
    for record in sorted((installed / _DATABASE / "alternatives").glob("*")):
        lines = record.read_text().splitlines()
        names, link = [record.name, *lines[2::2]], lines[1:2] + lines[3::2]
        for name, path in zip(names, link, strict=False):
            chosen = root / _ALTERNATIVES / name
            if not name:  # what follows are the choices
                break
            if chosen.is_symlink():
                target = str(chosen.readlink())
                yield str(_ALTERNATIVES / name), target
                yield path, target
