"""A folder becomes a disc: measured, written, closed, read back, compared."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from appliance.burner.contents import read_contents
from appliance.burner.layout import BLOCK, layout
from appliance.burner.medium import Medium
from appliance.burner.problem import SpoiledError, no_drive, too_small
from appliance.burner.read_back import read_back
from appliance.burner.xorriso import XORRISO, Xorriso

Progress: TypeAlias = Callable[[float], None]
"""Called with what is done, 0 to 1; an exception of it ends the work, and spoils the disc."""

_PERCENT = re.compile(r"UPDATE : .* (\d{1,3}(?:\.\d+)?)%")
_SIZE = re.compile(r"\AImage size +: +(\d+)s\Z")
_SPACE = re.compile(r"\AMedia space +: +(\d+)s\Z")
_WRITTEN = "Written to medium"
_SHARE = 0.5  # of the time, for writing; reading back takes the rest


@dataclass(frozen=True, slots=True)
class Burned:
    """A finished medium: SHA-256 and ``size`` in bytes, as they were read back."""

    sha256: str
    size: int


def burn(
    folder: int,
    medium: Medium,
    label: str,
    date: int,
    *,
    progress: Progress = lambda _: None,
    program: str = XORRISO,
) -> Burned:
    """Write the files of the folder with the descriptor ``folder`` to ``medium``, and close it.

    ``label``: the name of the volume. ``date``: of the disc and of all files on it, seconds since
    1970. ``program``: what writes. Raises ``DiscError`` if nothing was written, ``SpoiledError`` if
    that went wrong.
    """
    contents = read_contents(folder)
    xorriso = Xorriso(date, program)
    files = layout(folder, contents, label, date)
    blocks = _check(xorriso, medium, folder, files)
    _write(xorriso, medium, folder, files, progress)
    sha256 = read_back(
        xorriso, medium, contents, blocks, lambda done: progress(_SHARE + (1 - _SHARE) * done)
    )
    return Burned(sha256, blocks * BLOCK)


def _check(xorriso: Xorriso, medium: Medium, folder: int, files: Sequence[str]) -> int:
    """How many sectors will be written; nothing is so far. Raises ``DiscError``."""
    done, lines = xorriso.lines(
        [*_open(medium), "-tell_media_space", *files, "-print_size"], _inherited(medium, folder)
    )
    medium.check_blank(lines)
    needed, free = _number(_SIZE, lines), _number(_SPACE, lines)
    if not done or needed is None or free is None:
        raise no_drive()
    if needed > free:
        raise too_small(needed * BLOCK, free * BLOCK)
    return needed


def _write(
    xorriso: Xorriso, medium: Medium, folder: int, files: Sequence[str], progress: Progress
) -> None:
    def each(line: str) -> None:
        percent = _PERCENT.search(line)
        if percent is not None:
            progress(_SHARE * min(1.0, float(percent[1]) / 100))

    commands = [*_open(medium), *files, "-write_type", "tao", "-close", "on", "-commit", "-toc"]
    done, lines = xorriso.lines(commands, _inherited(medium, folder), each)
    if not any(line.startswith(_WRITTEN) for line in lines):
        raise SpoiledError("write", disc=medium.is_disc)
    if not done or not medium.is_closed(lines):
        raise SpoiledError("close", disc=medium.is_disc)


def _open(medium: Medium) -> Sequence[str]:
    return ["-pacifier", "interval=0.5", "-outdev", medium.address, "-toc"]


def _inherited(medium: Medium, folder: int) -> Sequence[int]:
    return [*medium.inherited, folder]


def _number(pattern: re.Pattern[str], lines: Sequence[str]) -> int | None:
    for line in lines:
        if found := pattern.match(line):
            return int(found[1])
    return None
