"""Checkpoints (C2SP tlog-checkpoint): which log, how many entries, and the hash over all of them.

::

    <origin>
    <number of entries, decimal>
    base64(<root hash>)
    <blank line>
    — <origin> base64(key id ‖ Ed25519 signature)

Extension lines are refused: this log writes none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from appliance.audit.tlog.merkle import EMPTY_ROOT, HASH_SIZE
from appliance.audit.tlog.signed_note import (
    Note,
    Signer,
    Verifier,
    b64,
    open_note,
    unb64,
)
from appliance.errors import LedgerError

_SIZE = re.compile(r"\A(0|[1-9][0-9]{0,15})\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """``origin`` names the log, ``size`` counts its entries, ``root`` is their Merkle tree hash."""

    origin: str
    size: int
    root: bytes

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse the text of a note. Raises ``LedgerError`` if it is malformed."""
        lines = text.split("\n")
        if len(lines) != 4 or lines[3] or not lines[0]:
            raise _malformed("it must have exactly three lines")
        origin, size, root = lines[:3]
        raw = unb64(root)
        if not _SIZE.match(size):
            raise _malformed("its size is not a decimal number")
        if raw is None or len(raw) != HASH_SIZE:
            raise _malformed("its root is not a hash")
        if size == "0" and raw != EMPTY_ROOT:
            raise _malformed("its root is not that of an empty log")
        return cls(origin, int(size), raw)

    @property
    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{b64(self.root)}\n"

    def sign(self, signer: Signer) -> bytes:
        """The signed note."""
        return Note(self.text, (signer.sign(self.text),)).encode()


def open_checkpoint(data: bytes, verifier: Verifier) -> Checkpoint:
    """The checkpoint in the note ``data``, signed by the log's own key. Raises ``LedgerError``."""
    checkpoint = Checkpoint.parse(open_note(data, (verifier,)).text)
    if checkpoint.origin != verifier.name:
        raise _malformed("its origin is not the name of its key")
    return checkpoint


def _malformed(what: str) -> LedgerError:
    return LedgerError(
        f"The checkpoint is malformed: {what}.",
        "Get the file again from its source, or restore the last good copy.",
    )
