"""The last signed checkpoint, kept a second time outside of the log.

A log that is replaced by an older copy of itself is in order by its own rules. Only a memory that
the copy does not reach can tell: another file system, a disc in the auditor's safe, or the TPM
(see ``tpm.py``).
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
    """A file, best on another file system than the ledger's."""

    path: Path

    def load(self) -> bytes | None:
        """The signed checkpoint, if there is one. Raises ``LedgerError`` if it cannot be read."""
        return LedgerReader(self.path.parent).find(self.path.name)

    def save(self, note: bytes) -> None:
        """Replace it, durably. Raises ``OSError``."""
        publish(self.path.parent, {self.path.name: note}, mode=0o600)


def anchor_mismatch(
    note: bytes | None, verifier: Verifier, store: LedgerReader, head: Checkpoint
) -> AnchorMismatch | None:
    """What the checkpoint ``note`` from outside says against the log with this ``head``.

    ``None``: the log is the heir of what it was then. Raises ``LedgerError`` if tiles are missing
    that would tell.
    """
    if note is None:
        return "anchor" if head.size else None
    try:
        before = open_checkpoint(note, verifier)
    except LedgerError:
        return "anchor"
    if before.size > head.size:
        return "truncated"
    proof = Tree(store, head.size).consistency(before.size)
    grew = consistency_holds(before.size, before.root, head.size, head.root, proof)
    return None if grew else "forked"


MISMATCH_MESSAGES: dict[AnchorMismatch, str] = {
    "truncated": "The ledger is shorter than it was: entries are missing at its end.",
    "forked": "The ledger is not the one that it was: what it held then has been changed.",
    "anchor": "The checkpoint kept outside of the ledger is missing or altered.",
}
