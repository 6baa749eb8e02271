"""A journal of open sessions that survives a power cut: the next start wipes what is in it.

An entry holds random ids only. It is durable before the workspace exists, and is removed once the
wipe is in the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from appliance.files.atomic import PENDING, publish, sync_folder
from appliance.machine import boot_id

_UNKNOWN_SESSION = "0" * 16  # of an entry that cannot be read


class JournalEntry(msgspec.Struct, frozen=True):
    """One session that is not wiped yet. ``boot``: the id of the boot in which it was opened."""

    session: str
    slot: str
    boot: str


@dataclass(frozen=True, slots=True)
class PendingWipeJournal:
    """A file for each slot in use, in a folder that only the broker can read."""

    folder: Path

    def add(self, session: str, slot: str) -> None:
        """Note that ``session`` is about to use ``slot``; raises ``OSError``."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        entry = msgspec.json.encode(JournalEntry(session, slot, boot_id()))
        publish(self.folder, {slot: entry}, mode=0o600)

    def remove(self, slot: str) -> None:
        """The session in ``slot`` is wiped, and that is in the ledger; raises ``OSError``."""
        if self.folder.is_dir():  # it is not, where not even the first entry could be written
            (self.folder / slot).unlink(missing_ok=True)
            sync_folder(self.folder)

    def entries(self) -> list[JournalEntry]:
        """What an earlier run of the broker did not wipe.

        A file that cannot be read still stands for its slot. One that never got its name was not
        followed by a workspace.
        """
        if not self.folder.is_dir():
            return []
        names = sorted(path for path in self.folder.iterdir() if path.suffix != PENDING)
        return [self._read(path) for path in names]

    def _read(self, path: Path) -> JournalEntry:
        try:
            return msgspec.json.decode(path.read_bytes(), type=JournalEntry)
        except msgspec.DecodeError:
            return JournalEntry(_UNKNOWN_SESSION, path.name, "")
