from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tlog_scales.signing import Ed25519CosignatureVerifier, Vkey
from tlog_scales.tlog import Checkpoint as TheirCheckpoint

from appliance.audit.tlog.checkpoint import Checkpoint, open_checkpoint
from appliance.audit.tlog.merkle import hash_leaf
from appliance.audit.tlog.signed_note import (
    COSIGNATURE,
    Note,
    Signer,
    Verifier,
    b64,
    open_note,
    unb64,
)
from appliance.errors import LedgerError

# The example of Go's golang.org/x/mod/sumdb/note.
VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SKEY = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
NOTE = """\
If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
"""  # noqa: E501
NAME = "test.example/log"
HEAD = Checkpoint(NAME, 5, hash_leaf(b"root"))


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer.generate(NAME)


def test_the_published_example_is_parsed_signed_and_encoded_identically() -> None:
    verifier, signer = Verifier.parse(VKEY), Signer.parse(SKEY)
    assert signer.verifier == verifier
    assert (verifier.vkey, signer.skey) == (VKEY, SKEY)
    opened = open_note(NOTE.encode(), [verifier])
    assert Note(opened.text, (signer.sign(opened.text),)).encode() == NOTE.encode()


def test_a_secret_is_not_shown_by_accident(signer: Signer) -> None:
    assert signer.skey.rpartition("+")[2] not in f"{signer!r} {signer}"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("answer", "question"),  # the text is another
        ("x08go/", "x08go+"),  # another key id and signature
        ("— PeterNeumann", "— PaulNeumann"),  # an unknown key
        ("— PeterNeumann ", "- PeterNeumann "),  # no em dash
        ("— PeterNeumann ", "— Peter+Neumann "),  # a name with a plus
        ("— PeterNeumann ", "—  PeterNeumann "),  # a name that is empty
        ("JnAM=\n", "JnAM="),  # no newline at the end
        ("JnAM=\n", "JnAM\n"),  # no padding
        ("JnAM=\n", "JnAN=\n"),  # an unused bit is set
        ("JnAM=\n", "JnAM=\n\n"),  # a blank line behind
        ("JnAM=\n", "JnAM= \n"),
        ("is.\n\n", "is.\n"),  # no blank line
        ("problem,", "problem\r,"),  # a control character
        ("x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqf", "x08go/"),
    ],
)
def test_a_modified_note_is_refused(old: str, new: str) -> None:
    assert NOTE.count(old) >= 1
    with pytest.raises(LedgerError):
        open_note(NOTE.replace(old, new).encode(), [Verifier.parse(VKEY)])


def test_two_signatures_of_one_key_are_refused() -> None:
    line = NOTE.splitlines(keepends=True)[-1]
    with pytest.raises(LedgerError, match="two signatures of one key"):
        open_note((NOTE + line).encode(), [Verifier.parse(VKEY)])


def test_signatures_of_unknown_keys_are_ignored(signer: Signer) -> None:
    note = Note.parse(NOTE.encode())
    both = Note(note.text, (signer.sign(note.text), *note.signatures)).encode()
    assert open_note(both, [Verifier.parse(VKEY)]).signatures == note.signatures


@pytest.mark.parametrize(
    "vkey",
    [
        VKEY.replace("c74f20a3", "c74f20a4"),
        VKEY.replace("PeterNeumann", "Peter Neumann"),
        VKEY.replace("+ARpc", "+BRpc"),
        VKEY[:-4],
        VKEY.replace("Peter", "Peter+"),
        "",
        "a+b+c",
    ],
)
def test_a_key_with_the_wrong_key_id_is_refused(vkey: str) -> None:
    with pytest.raises(LedgerError):
        Verifier.parse(vkey)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\n5\n", "\n05\n"),
        ("\n5\n", "\n+5\n"),
        ("\n5\n", "\n٥\n"),  # noqa: RUF001 - another script's five
        ("\n5\n", "\n-5\n"),
        ("\n5\n", "\n0\n"),
        ("\n5\n", "\n5 \n"),
        ("=\n", "=\nextension\n"),
        ("=\n", "\n"),
        (NAME, "other.example/log"),
        (f"{NAME}\n", "\n"),
    ],
)
def test_a_malformed_checkpoint_is_refused_even_if_it_is_signed(
    old: str, new: str, signer: Signer
) -> None:
    assert open_checkpoint(HEAD.sign(signer), signer.verifier) == HEAD
    text = HEAD.text.replace(old, new, 1)
    assert text != HEAD.text
    with pytest.raises(LedgerError, match="malformed"):
        open_checkpoint(Note(text, (signer.sign(text),)).encode(), signer.verifier)


def test_another_program_accepts_a_cosignature() -> None:
    witness = Signer.generate("witness.example/w1", COSIGNATURE)
    log = Signer.generate(NAME)
    note = Note(HEAD.text, (log.sign(HEAD.text), witness.cosign(HEAD.text, 1_700_000_000)))
    opened = open_note(note.encode(), [log.verifier, witness.verifier])
    assert opened == note
    theirs = TheirCheckpoint.from_text(note.encode().decode())
    verifier = Ed25519CosignatureVerifier(Vkey.from_string(witness.verifier.vkey))
    assert theirs.signatures[1].name == "witness.example/w1"
    verifier.verify_note(theirs.signatures[1], theirs)
    late = note.encode().replace(b64(note.signatures[1].key_id)[:4].encode(), b"AAAA")
    assert open_note(late, [log.verifier, witness.verifier]).signatures == note.signatures[:1]


@given(st.binary(max_size=300))
def test_noise_is_a_ledger_error(data: bytes) -> None:
    with pytest.raises(LedgerError):
        Note.parse(data)


@given(st.binary(max_size=70), st.integers(0, 100), st.characters())
def test_bytes_have_one_base64_encoding(data: bytes, at: int, sign: str) -> None:
    text = b64(data)
    assert unb64(text) == data
    other = text[:at] + sign + text[at + 1 :]
    assert other == text or unb64(other) != data
