"""Fuzzed parsers of what others hand over: policies, manifests, signatures, proofs, discs."""

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
from appliance.disc_reader.listing import parse_listing
from appliance.disc_reader.names import shown
from appliance.errors import InputError, LedgerError
from appliance.provisioning.bundle import Bundle
from appliance.provisioning.document import Document
from appliance.provisioning.refusal import RefusedError
from appliance.signatures.minisign import PublicKey, SecretKey, SignatureError
from tests.audit.story import story
from tests.fuzz.target import Target
from tests.inference import test_manifest_fuzz
from tests.policy import test_fuzz
from tests.provisioning.site import bundle

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


def judge_listing(data: bytes) -> None:
    """What a program that was taken over says of a disc: what is let through lies on it."""
    size = 1 << 30
    try:
        files = parse_listing(data.split(b"\n"), size)
    except InputError:
        return
    for file in files:
        shown(file.path)
        if file.refusal is None:
            assert all(0 <= one.start <= one.end <= size for one in file.extents)
            assert sum(one.size for one in file.extents) == file.size


def judge_bundle(data: bytes) -> None:
    """A bundle of a machine that holds none: its document is decoded before it is believed."""
    try:
        read = Bundle.parse(data)
        assert Bundle.parse(read.encoded()) == read
        document = Document.decoded(read.line)
        assert document.encoded() == read.line
        read.check_signed(document.signer_keys(), "of its own")
        document.check()
    except RefusedError:
        return


def _key() -> Key:
    return parse_key(_SIGNER.verifier.vkey)


def _checkpoint() -> bytes:
    return Checkpoint("log.example", 1, bytes(range(32))).sign(_SIGNER)


def _proof() -> Sequence[bytes]:
    return [TlogProof(_ENTRIES[0], 0, (), _checkpoint()).encode()]


def _signatures() -> Sequence[bytes]:
    made = (_SECRET.sign(b"data", "a comment"), _SECRET.public.text(), _SECRET.text(None))
    return [text.encode() for text in made]


def _listings() -> Sequence[bytes]:
    line = b"File data lba: %2d , %8d , %8d , %8d , '%s'"
    one = line % (0, 20, 2, 3000, b"/a/b\\303\\274.jpg")
    quoted = line % (0, 30, 1, 5, b"/c'\"'\"'d")
    several = [line % (0, 40, 2, 6000, b"/e"), line % (1, 50, 1, 6000, b"/e")]
    return [b"\n".join((one, quoted, *several))]


TARGETS = {
    "policy": Target(test_fuzz.judge, lambda: [test_fuzz.CLINIC]),
    "manifest": Target(test_manifest_fuzz.judge, lambda: [test_manifest_fuzz.STARTER]),
    "note": Target(judge_note, lambda: [_checkpoint()]),
    "proof": Target(judge_proof, _proof),
    "entry": Target(judge_entry, lambda: _ENTRIES),
    "signature": Target(judge_signature, _signatures),
    "disc": Target(judge_listing, _listings),
    "bundle": Target(judge_bundle, lambda: [bundle()]),
}
