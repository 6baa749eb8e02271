"""Fuzzed parsers of files that other people hand over: policies, manifests, signatures, proofs."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from itertools import islice

from appliance.audit.entries.canonical import decode, encode
from appliance.audit.entries.entry import Entry
from appliance.audit.standalone import Key, Unsound, open_proof, parse_key
from appliance.audit.tlog.checkpoint import Checkpoint
from appliance.audit.tlog.proofs import TlogProof
from appliance.audit.tlog.signed_note import Note, Signer, Verifier
from appliance.errors import LedgerError
from appliance.inference.minisign import PublicKey, SecretKey, SignatureError
from tests.audit.story import story
from tests.fuzz.target import Target
from tests.inference import test_manifest_fuzz
from tests.policy import test_fuzz

_SECRET = SecretKey.generate()
_SIGNER = Signer.generate("log.example")
_ENTRIES = tuple(
    encode(Entry(at, "01234567", by, event, 1, number))
    for number, (at, by, event) in enumerate(islice(story(), 40))
)


def judge_note(data: bytes) -> None:
    """A signed note and the checkpoint in it; then the same text as a public key."""
    try:
        note = Note.parse(data)
        assert Note.parse(note.encode()) == note
        Checkpoint.parse(note.text)
    except LedgerError:
        pass
    try:
        Verifier.parse(data.decode("latin-1"))
    except LedgerError:
        return


def judge_proof(data: bytes) -> None:
    """The auditor's program, which takes all these errors for an unsound file."""
    try:
        open_proof(data, _key())
    except (Unsound, OSError, ValueError, LookupError, RecursionError, zipfile.BadZipFile):
        return


def judge_entry(data: bytes) -> None:
    """An entry of the ledger."""
    try:
        decode(data)
    except LedgerError:
        return


def judge_signature(data: bytes) -> None:
    """A minisign signature, public key and secret key."""
    text = data.decode("utf-8", "replace")
    for parse in (
        PublicKey.parse,
        SecretKey.parse,
        lambda given: _SECRET.public.verify(b"data", given),
    ):
        try:
            parse(text)
        except SignatureError:
            continue


def _key() -> Key:
    return parse_key(_SIGNER.verifier.vkey)


def _checkpoint() -> bytes:
    return Checkpoint("log.example", 1, bytes(range(32))).sign(_SIGNER)


def _proof() -> Sequence[bytes]:
    return [TlogProof(_ENTRIES[0], 0, (), _checkpoint()).encode()]


def _signatures() -> Sequence[bytes]:
    made = (_SECRET.sign(b"data", "a comment"), _SECRET.public.text(), _SECRET.text(None))
    return [text.encode() for text in made]


TARGETS = {
    "policy": Target(test_fuzz.judge, lambda: [test_fuzz.CLINIC]),
    "manifest": Target(test_manifest_fuzz.judge, lambda: [test_manifest_fuzz.STARTER]),
    "note": Target(judge_note, lambda: [_checkpoint()]),
    "proof": Target(judge_proof, _proof),
    "entry": Target(judge_entry, lambda: _ENTRIES),
    "signature": Target(judge_signature, _signatures),
}
