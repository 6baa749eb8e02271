"""A second copy of the last signed checkpoint, kept outside the log.

A log that was replaced by an older copy of itself is consistent. Only a record that the copy does
not replace reveals it: on another file system, on a disc in the auditor's safe, or in the TPM (see
``verification/rollback.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from appliance.audit.tlog.checkpoint import Checkpoint, open_checkpoint
from appliance.audit.tlog.merkle import consistency_holds
from appliance.audit.tlog.proofs import Tree
from appliance.audit.tlog.reader import LedgerReader
from appliance.audit.tlog.signed_note import Verifier
from appliance.errors import LedgerError
from appliance.files.atomic import publish

AnchorMismatch: TypeAlias = Literal["truncated", "forked", "anchor"]


@dataclass(frozen=True, slots=True)
class FileAnchor:
    """The copy in a file, preferably on another file system than the ledger's."""

    path: Path

    def load(self) -> bytes | None:
        """The signed checkpoint, or ``None``. Raises ``LedgerError`` if it cannot be read."""
        return LedgerReader(self.path.parent).find(self.path.name)

    def save(self, note: bytes) -> None:
        """Replace it, durably. Raises ``OSError``."""
        publish(self.path.parent, {self.path.name: note})


def anchor_mismatch(
    note: bytes | None, verifier: Verifier, reader: LedgerReader, head: Checkpoint
) -> AnchorMismatch | None:
    """How the log with this ``head`` contradicts the checkpoint ``note`` from outside, if it does.

    ``None``: the log has only grown since then. Raises ``LedgerError`` if the tiles that would
    prove it are missing.
    """
    if note is None:
        return "anchor" if head.size else None
    try:
        before = open_checkpoint(note, verifier)
    except LedgerError:
        return "anchor"
    if before.size > head.size:
        return "truncated"
    proof = Tree(reader, head.size).consistency(before.size)
    grew = consistency_holds(before.size, before.root, head.size, head.root, proof)
    return None if grew else "forked"


MISMATCH_MESSAGES: dict[AnchorMismatch, str] = {
    "truncated": "The ledger is shorter than it was: entries are missing at its end.",
    "forked": "The ledger was replaced: an entry that it held earlier has been changed.",
    "anchor": "The checkpoint kept outside the ledger is missing or altered.",
}
