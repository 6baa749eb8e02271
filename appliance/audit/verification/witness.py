"""Cosigning (C2SP tlog-cosignature): a witness attests that the log has only grown.

A witness remembers the last checkpoint it cosigned and signs a newer one only if the log extends
the old one. It receives the log on a disc, and returns the checkpoint with its signature added.
"""

from __future__ import annotations

from appliance.audit.entries.events import CheckpointAnchored
from appliance.audit.tlog.anchor import MISMATCH_MESSAGES, anchor_mismatch
from appliance.audit.tlog.checkpoint import Checkpoint, open_checkpoint
from appliance.audit.tlog.reader import CHECKPOINT, LedgerReader
from appliance.audit.tlog.signed_note import (
    COSIGNATURE,
    Note,
    Signer,
    Verifier,
    open_note,
)
from appliance.errors import LedgerError


def cosign_checkpoint(
    reader: LedgerReader, log: Verifier, witness: Signer, before: bytes | None, time: int
) -> bytes:
    """The log's checkpoint with the witness's signature of ``time`` (POSIX seconds) added.

    ``before`` is what the witness cosigned last. Raises ``LedgerError`` if this log does not extend
    it.
    """
    head = reader.checkpoint(log)
    found = None if before is None else anchor_mismatch(before, log, reader, head)
    if found is not None:
        raise LedgerError(
            MISMATCH_MESSAGES[found], "Do not sign. Keep this copy: it is evidence against the log."
        )
    note = open_note(reader.read(CHECKPOINT), (log,))
    return Note(note.text, (*note.signatures, witness.cosign(note.text, time))).encode()


def accept_cosignature(
    reader: LedgerReader, log: Verifier, witness: Verifier, cosigned: bytes
) -> CheckpointAnchored:
    """The event which records that ``witness`` attested an earlier state of this log.

    Raises ``LedgerError`` if the cosigned checkpoint is not of this log, or not signed by both.
    """
    if witness.algorithm != COSIGNATURE:
        raise LedgerError(
            "This is not the key of a witness.", "Use the vkey that `audit cosign` printed."
        )
    open_note(cosigned, (witness,))
    head = reader.checkpoint(log)
    seen: Checkpoint = open_checkpoint(cosigned, log)
    found = anchor_mismatch(cosigned, log, reader, head)
    if found is not None:
        raise LedgerError(MISMATCH_MESSAGES[found], "Keep both: they contradict each other.")
    return CheckpointAnchored(seen.size, seen.root.hex(), "witness")
