from __future__ import annotations

import pytest

from appliance.audit.keys.ledger_keys import LedgerKeys
from appliance.audit.tlog.appender import Ledger
from appliance.audit.tlog.checkpoint import Checkpoint
from appliance.audit.tlog.merkle import hash_leaf
from appliance.audit.tlog.reader import CHECKPOINT, LedgerReader
from appliance.audit.tlog.signed_note import COSIGNATURE, Signer, open_note
from appliance.audit.verification.witness import cosign_checkpoint
from appliance.errors import LedgerError

WITNESS = Signer.generate("witness.example/w1", COSIGNATURE)


@pytest.fixture
def seen(ledger: Ledger) -> bytes:
    """What the witness cosigned last, of a log that grew since then."""
    with ledger.locked():
        ledger.append([b"x"] * 300)
        note = ledger.note
        ledger.append([b"y"] * 300)
    return note


def cosigned(ledger: Ledger, keys: LedgerKeys, seen: bytes) -> bytes:
    reader = LedgerReader(ledger.reader.folder)
    return cosign_checkpoint(reader, keys.signer.verifier, WITNESS, seen, 1_795_532_360)


def test_a_witness_signs_a_log_that_grew(ledger: Ledger, keys: LedgerKeys, seen: bytes) -> None:
    note = open_note(cosigned(ledger, keys, seen), (WITNESS.verifier,))
    assert Checkpoint.parse(note.text).size == 600


def test_a_witness_does_not_sign_a_head_that_the_tiles_do_not_lead_to(
    ledger: Ledger, keys: LedgerKeys, seen: bytes
) -> None:
    # The tiles are those of the old log, so only the proof of consistency shows the fork.
    forged = Checkpoint(keys.signer.name, 600, hash_leaf(b"another past")).sign(keys.signer)
    (ledger.reader.folder / CHECKPOINT).write_bytes(forged)
    with pytest.raises(LedgerError, match="has been changed"):
        cosigned(ledger, keys, seen)
