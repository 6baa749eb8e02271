"""What is open, noted where a power cut does not reach it: the next start wipes what is noted.

A mark holds random ids only. It is durable before the workspace exists, and goes when the wipe
is in the ledger.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import msgspec

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class JournalEntry(msgspec.Struct, frozen=True):
    """One session that is not wiped yet."""

    session: str
    slot: str
    boot: str


@dataclass(frozen=True, slots=True)
class PendingWipeJournal:
    """The marks in a folder that only the broker can read."""

    folder: Path

    def put(self, session: str, slot: str) -> None:
        """Note that this session is about to use this slot."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        mark = msgspec.json.encode(JournalEntry(session, slot, this_boot()))
        path = self.folder / slot
        descriptor = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, mark)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        self._sync()

    def remove(self, slot: str) -> None:
        """The session in this slot is wiped, and the ledger says so."""
        (self.folder / slot).unlink(missing_ok=True)
        self._sync()

    def left(self) -> list[JournalEntry]:
        """What an earlier run of the broker did not wipe. A torn mark stands for its slot."""
        if not self.folder.is_dir():
            return []
        return [self._read(path) for path in sorted(self.folder.iterdir())]

    def _read(self, path: Path) -> JournalEntry:
        try:
            return msgspec.json.decode(path.read_bytes(), type=JournalEntry)
        except msgspec.DecodeError:
            return JournalEntry("0" * 16, path.name, "")

    def _sync(self) -> None:
        descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def this_boot() -> str:
    """The id of this start of the machine."""
    return _BOOT_ID.read_text().strip()
