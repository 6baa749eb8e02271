"""Reads a ledger's files; needs no key, no lock and no daemon."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from appliance.audit.tlog.checkpoint import Checkpoint, open_checkpoint
from appliance.audit.tlog.signed_note import Note, Verifier
from appliance.audit.tlog.tiles import (
    Tile,
    edge_tiles,
    split_entries,
    split_hashes,
)
from appliance.errors import LedgerError

CHECKPOINT = "checkpoint"
VKEY = "log.vkey"
MINIMUM = "minimum-index"

_TRIES = 100
_LIMIT = 32 << 20  # bytes; a bundle of 256 of the longest entries is 16 MiB


@dataclass(frozen=True, slots=True)
class LedgerReader:
    """The files under ``folder``, except that those in ``held`` were read earlier."""

    folder: Path
    held: Mapping[str, bytes] = field(default_factory=dict)

    def snapshot(self) -> LedgerReader:
        """A reader of this ledger in its present state, even while it grows.

        It holds the head and the partial tiles in memory; full tiles never change, so no lock is
        needed. Raises ``LedgerError``.
        """
        for _ in range(_TRIES):
            note = self.read(CHECKPOINT)
            size = Checkpoint.parse(Note.parse(note).text).size
            held = {CHECKPOINT: note}
            for tile in edge_tiles(size):
                for name in (tile.path, tile.entries_path)[: 2 if tile.level == 0 else 1]:
                    data = self.find(name)
                    if data is not None:
                        held[name] = data
            if self.read(CHECKPOINT) == note:
                return LedgerReader(self.folder, held)
        raise LedgerError(
            "The ledger grows faster than it can be read.", "Try again when there is less activity."
        )

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
        """The file ``name``, or ``None`` if it is missing. Raises ``LedgerError``."""
        if name in self.held:
            return self.held[name]
        try:
            # Not blocking: a pipe in its place would be waited for.
            flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
            with os.fdopen(os.open(self.folder / name, flags), "rb") as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise LedgerError(
                        f"The ledger's file {name} is not a regular file.",
                        "Keep the damaged copy and restore the last good one.",
                    )
                return file.read(_LIMIT)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise LedgerError(
                f"The ledger's file {name} cannot be read.",
                "Run the command as a user with read access to the ledger.",
            ) from error

    def verifier(self) -> Verifier:
        """The log's public key. Raises ``LedgerError``."""
        text = self.read(VKEY).decode("utf-8", "replace")
        if not text.endswith("\n"):
            raise LedgerError(
                "The log's public key is cut short.", "Restore log.vkey from the last good copy."
            )
        return Verifier.parse(text[:-1])

    def checkpoint(self, verifier: Verifier) -> Checkpoint:
        """The log's head, its signature checked. Raises ``LedgerError``."""
        return open_checkpoint(self.read(CHECKPOINT), verifier)

    def hashes(self, tile: Tile) -> list[bytes]:
        """The hashes of ``tile``. Raises ``LedgerError``."""
        return split_hashes(self.read(tile.path), tile.width)

    def entries(self, tile: Tile) -> list[bytes]:
        """The entries of ``tile``, which is of level 0. Raises ``LedgerError``."""
        return split_entries(self.read(tile.entries_path), tile.width)

    def minimum(self) -> int:
        """Index of the first entry that was not pruned. Raises ``LedgerError``."""
        data = self.find(MINIMUM)
        if data is None:
            return 0
        text = data.decode("ascii", "replace")
        number = text.removesuffix("\n")
        if not number.isdecimal() or f"{int(number)}\n" != text:
            raise LedgerError(
                "The ledger's minimum index is not a number.",
                "Restore minimum-index from the last good copy.",
            )
        return int(number)
