"""The copies of a session, each with its record, in a folder of its encrypted workspace.

The folder is the releaser's own: the worker, whose workspace it is, can neither list nor write it.
A copy gets its name when it is whole and in the ledger. What has no record is no copy.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Literal

import msgspec

from appliance.errors import OutputError, ReleaseError
from appliance.files.output import OutputFile, PendingOutput
from appliance.files.read import read_regular
from appliance.release.record import ReleaseRecord

MOST_COPIES: Final = 99
"""In an outbox: as many as one answer has room for."""

_NAME = re.compile(r"([0-9a-f]{16})\.([0-9]{1,10})\.(record|copy)")
_LARGEST_RECORD = 4096  # bytes


class NoOutboxError(ReleaseError):
    """There is no workspace, or its folder for copies is not the releaser's own."""


class Outbox:
    """``folder``: what is there belongs to one session; it exists while that is open."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def check(self) -> None:
        """Raises ``NoOutboxError`` unless the folder is there, and this user's alone."""
        try:
            found = self._folder.stat(follow_symlinks=False)
        except OSError as error:
            raise _no_outbox() from error
        own = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
        if not own or found.st_mode & 0o077:
            raise _no_outbox()

    @contextmanager
    def nameless(self) -> Iterator[OutputFile]:
        """A new file without a name. Raises ``OutputError``."""
        # PendingOutput makes a nameless file, and gives it a name only if that is asked for.
        with PendingOutput(self._folder / "nameless") as pending:
            yield pending.file

    @contextmanager
    def adding(self, session: str, number: int) -> Iterator[PendingOutput]:
        """The file of a new copy, which has no name yet; see :meth:`keep`.

        Raises ``OutputError`` if there is one of this number, or if there are too many.
        """
        there = self._names(session)
        if number in there or len(there) >= MOST_COPIES:
            raise OutputError(
                "There is a copy of this number already, or there are too many.",
                "Burn what was released, then open another session.",
            )
        with PendingOutput(self._path(session, number, "copy")) as pending:
            yield pending

    def keep(self, session: str, pending: PendingOutput, record: ReleaseRecord) -> None:
        """Give the copy in ``pending`` its name, and its record. Raises ``OutputError``."""
        path = self._path(session, record.number, "record")
        with PendingOutput(path) as described:
            described.file.write(msgspec.json.encode(record))
            pending.commit()
            try:
                described.commit()
            except BaseException:
                self._remove(self._path(session, record.number, "copy"))
                raise

    def records(self, session: str) -> list[ReleaseRecord]:
        """The records of a session's copies, by number."""
        found = []
        for number in sorted(self._names(session)):
            with suppress(OSError, msgspec.DecodeError, UnicodeDecodeError):
                text = read_regular(self._path(session, number, "record"), _LARGEST_RECORD)
                record = msgspec.json.decode(text, type=ReleaseRecord)
                if self.path_of(session, number).stat().st_size == record.size:
                    found.append(record)
        return found

    def path_of(self, session: str, number: int) -> Path:
        """Where the copy of this number is."""
        return self._path(session, number, "copy")

    def forget(self, session: str, number: int | None = None) -> list[int]:
        """Delete a copy, or all of a session; returns the numbers of those there were."""
        forgotten = {one.number for one in self.records(session)}
        for found in self._files(session):
            if number in (None, int(found[2])):
                self._remove(self._folder / found[0])
        return sorted(forgotten if number is None else forgotten & {number})

    def _files(self, session: str) -> list[re.Match[str]]:
        try:
            names = sorted(path.name for path in self._folder.iterdir())
        except OSError as error:
            raise _no_outbox() from error
        matches = map(_NAME.fullmatch, names)
        return [found for found in matches if found is not None and found[1] == session]

    def _names(self, session: str) -> set[int]:
        return {int(found[2]) for found in self._files(session)}

    def _path(self, session: str, number: int, what: Literal["copy", "record"]) -> Path:
        return self._folder / f"{session}.{number}.{what}"

    def _remove(self, path: Path) -> None:
        with suppress(FileNotFoundError):
            path.unlink()


def _no_outbox() -> NoOutboxError:
    return NoOutboxError(
        "There is no folder for copies in the workspace.",
        "Open a session; see the journal of appliance-workspace@.service.",
    )
