"""Python packages in a root that dpkg does not know: what their dist-info says."""

from __future__ import annotations

import base64
import csv
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path

from tools.image.wheels import normalised

_CLASSIFIER = "License :: OSI Approved :: "


@dataclass(frozen=True)
class Distribution:
    """An installed package. Paths are relative to the root.

    ``files`` has the SHA-256 of each of its files, in hexadecimal, or an empty string where the
    package does not state it. ``licence`` is what the metadata says, or an empty string.
    ``expression`` says that it is one of SPDX. ``needs`` has the names of what it requires.
    """

    name: str
    version: str
    licence: str
    expression: bool
    files: Mapping[str, str]
    licence_files: tuple[str, ...]
    needs: tuple[str, ...] = ()


def distributions(root: Path, paths: Iterable[str]) -> Iterator[Distribution]:
    """The packages whose metadata is among ``paths``, files of ``root``."""
    for path in sorted(paths):
        if path.endswith(".dist-info/METADATA"):
            yield _distribution(root, posixpath.dirname(path))


def _distribution(root: Path, info: str) -> Distribution:
    metadata = HeaderParser().parsestr((root / info / "METADATA").read_text())
    files = {}
    record = root / info / "RECORD"  # our own files may have been copied without one
    if record.is_file():
        for path, digest, *_ in csv.reader(record.read_text().splitlines()):
            files[posixpath.normpath(f"{posixpath.dirname(info)}/{path}")] = _hexadecimal(digest)
    expression = metadata.get("License-Expression")
    stated = [
        str(value).removeprefix(_CLASSIFIER)
        for value in metadata.get_all("Classifier", ())
        if str(value).startswith(_CLASSIFIER)
    ]
    words = str(metadata.get("License", "")).strip()
    licence = words if words and "\n" not in words else ", ".join(stated)
    return Distribution(
        normalised(str(metadata["Name"])),
        str(metadata["Version"]),
        str(expression or licence),
        bool(expression),
        files,
        tuple(sorted(path for path in files if _is_licence(path, info))),
        tuple(_required(metadata.get_all("Requires-Dist", ()))),
    )


def _required(lines: Iterable[object]) -> Iterator[str]:
    """The names that ``lines`` require, extras left out."""
    for line in lines:
        name = re.match(r"[\w.-]+", str(line))
        if name and "extra ==" not in str(line):
            yield normalised(name[0])


def _is_licence(path: str, info: str) -> bool:
    name = posixpath.basename(path).upper()
    return path.startswith(f"{info}/") and (
        path.startswith(f"{info}/licenses/")
        or name.startswith(("LICENSE", "LICENCE", "COPYING", "NOTICE", "AUTHORS"))
    )


def _hexadecimal(digest: str) -> str:
    """A hash of a RECORD in hexadecimal; an empty string if it is not SHA-256."""
    algorithm, _, value = digest.partition("=")
    if algorithm != "sha256":
        return ""
    return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).hex()
