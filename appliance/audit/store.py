"""Reading a ledger's files: nothing here needs a key, a lock or a daemon."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from appliance.audit.checkpoint import Checkpoint, open_checkpoint
from appliance.audit.note import Verifier
from appliance.audit.tiles import Tile, split_entries, split_hashes
from appliance.errors import LedgerError

CHECKPOINT = "checkpoint"
VKEY = "log.vkey"
MINIMUM = "minimum-index"

_LIMIT = 32 << 20  # bytes; a bundle of 256 of the longest entries is 16 MiB


@dataclass(frozen=True, slots=True)
class Store:
    """The files under ``folder``."""

    folder: Path

    def read(self, name: str) -> bytes:
        """The file ``name``. Raises ``LedgerError`` if it is missing or cannot be read."""
        data = self.find(name)
        if data is None:
            raise LedgerError(
                f"The ledger lacks its file {name}.",
                "Check --ledger. If it is right, keep the damaged copy and restore the last good "
                "one.",
            )
        return data

    def find(self, name: str) -> bytes | None:
        """The file ``name``, or ``None`` if there is none. Raises ``LedgerError``."""
        try:
            descriptor = os.open(self.folder / name, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            with os.fdopen(descriptor, "rb") as file:
                return file.read(_LIMIT)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise LedgerError(
                f"The ledger's file {name} cannot be read.",
                "Run the command as a user who may read the ledger.",
            ) from error

    def verifier(self) -> Verifier:
        """The log's public key. Raises ``LedgerError``."""
        text = self.read(VKEY).decode("utf-8", "replace")
        if not text.endswith("\n"):
            raise LedgerError(
                "The log's public key is cut off.", "Restore log.vkey from the last good copy."
            )
        return Verifier.parse(text[:-1])

    def checkpoint(self, verifier: Verifier) -> Checkpoint:
        """The log's head, its signature checked. Raises ``LedgerError``."""
        return open_checkpoint(self.read(CHECKPOINT), verifier)

    def hashes(self, tile: Tile) -> list[bytes]:
        """The hashes of ``tile``. Raises ``LedgerError``."""
        return split_hashes(self.read(tile.path), tile.width)

    def entries(self, tile: Tile) -> list[bytes]:
        """The entries under ``tile``, which is of level 0. Raises ``LedgerError``."""
        return split_entries(self.read(tile.entries_path), tile.width)

    def minimum(self) -> int:
        """Index of the first entry that is kept. Raises ``LedgerError``."""
        data = self.find(MINIMUM)
        if data is None:
            return 0
        text = data.decode("ascii", "replace")
        number = text.removesuffix("\n")
        if not number.isdecimal() or f"{int(number)}\n" != text:
            raise LedgerError(
                "The ledger's minimum index is no number.",
                "Restore minimum-index from the last good copy.",
            )
        return int(number)
