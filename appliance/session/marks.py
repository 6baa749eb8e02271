"""What is open, noted where a power cut does not reach it: the next start wipes what is noted.

A mark holds random ids only. It is durable before the workspace exists, and goes when the wipe
is in the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from appliance.files.atomic import PENDING, publish, sync_folder

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Mark(msgspec.Struct, frozen=True):
    """One session that is not wiped yet."""

    session: str
    slot: str
    boot: str


@dataclass(frozen=True, slots=True)
class Marks:
    """The marks in a folder that only the broker can read."""

    folder: Path

    def put(self, session: str, slot: str) -> None:
        """Note that this session is about to use this slot."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        mark = msgspec.json.encode(Mark(session, slot, this_boot()))
        publish(self.folder, {slot: mark}, mode=0o600)

    def remove(self, slot: str) -> None:
        """The session in this slot is wiped, and the ledger says so."""
        (self.folder / slot).unlink(missing_ok=True)
        sync_folder(self.folder)

    def left(self) -> list[Mark]:
        """What an earlier run of the broker did not wipe. A torn mark stands for its slot."""
        if not self.folder.is_dir():
            return []
        # Where a mark is only pending, the workspace had not been made yet.
        paths = (path for path in self.folder.iterdir() if path.suffix != PENDING)
        return [self._read(path) for path in sorted(paths)]

    def _read(self, path: Path) -> Mark:
        try:
            return msgspec.json.decode(path.read_bytes(), type=Mark)
        except msgspec.DecodeError:
            return Mark("0" * 16, path.name, "")


def this_boot() -> str:
    """The id of this start of the machine."""
    return _BOOT_ID.read_text().strip()
