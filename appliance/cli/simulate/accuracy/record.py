"""A surgeon's own record: one line of text for each handle of each operation, and no person in it.

It holds handle, unit, least, wished, achieved and error, and nothing else: neither a name, nor a
date, nor the hash of a photo. Lines are added at its end and never changed.
"""

from __future__ import annotations

import csv
import io
import os
import stat
from collections.abc import Iterable
from contextlib import ExitStack
from math import isfinite
from pathlib import Path

from appliance.errors import InputError, OutputError
from appliance.files.output import OutputFile, PendingOutput, as_output_error
from appliance.pipeline.simulation.accuracy.achieved import Achieved, Asked
from appliance.pipeline.simulation.handles import HANDLES

HEAD = ("handle", "unit", "least", "wished", "achieved", "error")
MAX_BYTES = 16 << 20
_WRONG = "Name a file that `appliance accuracy measure --record` wrote."


class Record:
    """A record that lines will be added to; it is opened before the process is sealed."""

    def __init__(self, path: Path, files: ExitStack) -> None:
        """Open ``path``, or prepare to create it.

        Raises ``InputError`` if it is another file, and ``OutputError`` if it may not be written.
        """
        self._new: PendingOutput | None = None
        try:
            flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
            descriptor = os.open(path, flags)
        except FileNotFoundError:
            self._new = files.enter_context(PendingOutput(path, shared=True))
            self._file = self._new.file
            return
        except OSError as error:
            raise as_output_error(error) from error
        self._file = files.enter_context(OutputFile(descriptor))
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OutputError("The record is not a plain file.", "Name a plain file.")
        read_record(self._file.read(MAX_BYTES + 1))

    def add(self, achieved: Iterable[Achieved]) -> None:
        """Add a line for each handle, durably. Raises ``OutputError``."""
        lines = [_line(one) for one in achieved]
        if self._new is not None:
            self._file.write(_text([HEAD, *lines]))
            self._new.commit()
            return
        self._file.write(_text(lines))
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            raise as_output_error(error) from error


def read_record(data: bytes) -> tuple[Achieved, ...]:
    """All lines of a record. Raises ``InputError`` unless each is one."""
    if len(data) > MAX_BYTES:
        raise InputError("The file is larger than a record can be.", _WRONG)
    try:
        head, *rows = csv.reader(io.StringIO(data.decode("ascii"), newline=""), strict=True)
        found = tuple(_achieved(row) for row in rows)
    except (ValueError, csv.Error) as error:
        raise InputError("The file is not a record of accuracy.", _WRONG) from error
    if tuple(head) != HEAD or not data.endswith(b"\n"):
        raise InputError("The file is not a record of accuracy.", _WRONG)
    return found


def _line(one: Achieved) -> tuple[str, ...]:
    figures = (one.asked.least, one.asked.wished, one.value, one.error)
    return (one.name, one.unit, *(f"{figure:.3f}" for figure in figures))


def _text(rows: Iterable[tuple[str, ...]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("ascii")


def _achieved(row: list[str]) -> Achieved:
    """The line. Raises ValueError."""
    name, unit, *texts = row
    if name not in HANDLES or HANDLES[name].unit != unit:
        raise ValueError
    least, wished, value, error = map(float, texts)
    if not all(map(isfinite, (least, wished, value, error))) or error <= 0:
        raise ValueError
    return Achieved(name, Asked(least, wished), value, error)
