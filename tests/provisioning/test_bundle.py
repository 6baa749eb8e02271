"""A bundle is split without a parser, and minisign verifies what it holds."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from appliance.provisioning.bundle import LIMIT, Bundle
from appliance.provisioning.document import Document
from appliance.provisioning.refusal import RefusedError
from appliance.provisioning.words import fingerprint_words
from tests.provisioning.site import ANNA, BEN, CLEO, bundle, document

LINES = bundle().splitlines(keepends=True)
WHO = {"anna": ANNA.public, "ben": BEN.public, "cleo": CLEO.public}


def test_a_bundle_is_what_it_was_made_of() -> None:
    read = Bundle.parse(bundle())
    assert Document.decoded(read.line) == document()
    assert read.encoded() == bundle()
    assert read.signed_by(WHO) == {"anna", "ben"}


def test_minisign_verifies_each_signature(tmp_path: Path) -> None:
    (tmp_path / "signed").write_bytes(b"".join(LINES[:2]))
    for key, at in ((ANNA, 2), (BEN, 6)):
        (tmp_path / "signature").write_bytes(b"".join(LINES[at : at + 4]))
        command = ["/usr/bin/minisign", "-V", "-m", str(tmp_path / "signed")]
        command += ["-x", str(tmp_path / "signature"), "-P"]
        for signer, code in ((key, 0), (CLEO, 1)):
            done = subprocess.run([*command, signer.public.line], capture_output=True, check=False)
            assert done.returncode == code


def test_a_signature_that_minisign_made_counts(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(ANNA.text(None))
    (tmp_path / "signed").write_bytes(b"".join(LINES[:2]))
    key, signed = str(tmp_path / "key"), str(tmp_path / "signed")
    command = ["/usr/bin/minisign", "-S", "-s", key, "-m", signed]
    subprocess.run(command, check=True, capture_output=True)
    signature = (tmp_path / "signed.minisig").read_bytes()
    read = Bundle.parse(b"".join(LINES[:2]) + signature)
    assert read.signed_by(WHO) == {"anna"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n\n\n",
        b"".join(LINES[:1]),
        b"".join(LINES[:5]),
        b"".join(LINES) + b"more\n",
        b"".join(LINES)[:-1],
        b"another title\n" + b"".join(LINES[1:]),
        b"".join(LINES[:2]) + b"\xff\n" * 4,
        b"".join([*LINES, *(LINES[2:6] * 16)]),
        b"".join(LINES) + b"x" * LIMIT,
    ],
)
def test_what_is_no_bundle_is_refused(data: bytes) -> None:
    with pytest.raises(RefusedError) as caught:
        Bundle.parse(data)
    assert caught.value.reason == "malformed"


def test_a_document_without_signatures_is_a_bundle_that_nobody_signed() -> None:
    assert Bundle.parse(b"".join(LINES[:2])).signed_by(WHO) == frozenset()


@pytest.mark.parametrize("at", [1, 3, 4, 5])
def test_an_altered_line_takes_the_signature_away(at: int) -> None:
    line = bytearray(LINES[at])
    line[-3] ^= 1
    read = Bundle.parse(b"".join([*LINES[:at], bytes(line), *LINES[at + 1 :]]))
    assert read.signed_by(WHO) == (frozenset() if at == 1 else {"ben"})


def test_one_person_cannot_sign_twice() -> None:
    once = Bundle(document().encoded()).with_signature(ANNA)
    with pytest.raises(RefusedError, match="signed the bundle already"):
        once.with_signature(ANNA)
    # Nor does a copy of the signature count twice.
    twice = Bundle(once.line, once.signatures * 2)
    assert twice.signed_by(WHO) == {"anna"}
    with pytest.raises(RefusedError, match="not signed by two"):
        twice.check_signed(WHO, "of them")


def test_words_are_the_first_half_of_the_hash_in_bip_39() -> None:
    # From the test vectors of BIP-39 (trezor/python-mnemonic, vectors.json).
    assert fingerprint_words(bytes.fromhex("7f" * 16) + bytes(16)) == (
        "legal winner thank year wave sausage worth useful legal winner thank yellow"
    )
    read = Bundle.parse(bundle())
    assert len(fingerprint_words(read.digest).split()) == 12
    assert fingerprint_words(read.digest) != fingerprint_words(
        Bundle.parse(bundle(number=2)).digest
    )


def test_the_words_do_not_depend_on_who_signed() -> None:
    assert Bundle.parse(bundle(keys=(ANNA, CLEO))).digest == Bundle.parse(bundle()).digest
