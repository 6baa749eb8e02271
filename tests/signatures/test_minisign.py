"""Signatures, against Debian's minisign: what one makes the other verifies."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import ModelError
from appliance.signatures.minisign import PublicKey, SecretKey, SignatureError, needs_password

DATA = b"format = 1\n"
KEY = SecretKey(b"\x01\x02\x03\x04\x05\x06\x07\x08", bytes(range(32)))


def minisign(*words: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = ["minisign", *map(str, words)]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)


@pytest.fixture
def signed(tmp_path: Path) -> Path:
    """A file, its signature by KEY, and KEY's public half."""
    (tmp_path / "file").write_bytes(DATA)
    (tmp_path / "file.minisig").write_text(KEY.sign(DATA, "a pack"))
    (tmp_path / "key.pub").write_text(KEY.public.text())
    return tmp_path / "file"


def test_minisign_verifies_the_appliances_signatures(signed: Path) -> None:
    words = ("-V", "-p", signed.parent / "key.pub", "-m", signed)
    result = minisign(*words)
    assert result.returncode == 0, result.stderr
    assert "Trusted comment: a pack" in result.stdout
    signed.write_bytes(DATA + b"#")
    assert minisign(*words).returncode != 0


def test_minisigns_signatures_are_verified_unless_they_are_of_the_legacy_kind(
    signed: Path,
) -> None:
    secret = signed.parent / "their.key"
    made = minisign("-G", "-W", "-s", secret, "-p", signed.parent / "their.pub")
    assert made.returncode == 0, made.stderr
    written = signed.parent / "theirs.minisig"
    words = ("-S", "-W", "-s", secret, "-m", signed, "-x", written, "-t", "theirs")
    result = minisign(*words)
    assert result.returncode == 0, result.stderr
    public = PublicKey.parse((signed.parent / "their.pub").read_text())
    assert public.verify(DATA, written.read_text()) == "theirs"
    with pytest.raises(SignatureError, match="does not fit"):
        public.verify(DATA + b"#", written.read_text())
    # minisign's secret key can be read as well.
    read = SecretKey.parse(secret.read_text())
    assert read.public == public
    assert public.verify(b"more", read.sign(b"more", "again")) == "again"
    assert minisign(*words, "-l").returncode == 0
    with pytest.raises(SignatureError, match="legacy"):
        public.verify(DATA, written.read_text())


def test_minisign_opens_the_appliances_keys_with_their_password(signed: Path) -> None:
    secret = signed.parent / "our.key"
    secret.write_text(KEY.text("open sesame"))
    assert needs_password(secret.read_text())
    words = ("-S", "-s", secret, "-m", signed, "-x", signed.parent / "again.minisig")
    assert minisign(*words, stdin="sesame\n").returncode != 0
    result = minisign(*words, stdin="open sesame\n")
    assert result.returncode == 0, result.stderr
    KEY.public.verify(DATA, (signed.parent / "again.minisig").read_text())
    assert SecretKey.parse(secret.read_text(), "open sesame") == KEY
    for wrong in ("sesame", "", None):
        with pytest.raises(SignatureError, match="password"):
            SecretKey.parse(secret.read_text(), wrong)


def test_minisign_opens_the_appliances_keys_without_a_password(signed: Path) -> None:
    secret = signed.parent / "our.key"
    secret.write_text(KEY.text(None))
    assert not needs_password(secret.read_text())
    result = minisign("-S", "-W", "-s", secret, "-m", signed, "-x", signed.parent / "x.minisig")
    assert result.returncode == 0, result.stderr
    assert SecretKey.parse(secret.read_text()) == KEY


def test_the_public_key_has_minisigns_name(signed: Path) -> None:
    secret = signed.parent / "our.key"
    secret.write_text(KEY.text(None))
    written = signed.parent / "again.pub"
    assert minisign("-R", "-W", "-s", secret, "-p", written).returncode == 0
    assert written.read_text() == KEY.public.text()
    assert KEY.public.name == "807060504030201"


@pytest.mark.parametrize("line", [0, 1, 2, 3])
def test_a_change_in_a_signature_is_detected_except_in_the_untrusted_comment(line: int) -> None:
    text = KEY.sign(DATA, "a pack")
    lines = text.splitlines()
    last = lines[line][-3]
    lines[line] = lines[line][:-3] + ("A" if last != "A" else "B") + lines[line][-2:]
    changed = "\n".join(lines) + "\n"
    assert changed != text
    if line == 0:
        assert KEY.public.verify(DATA, changed) == "a pack"
    else:
        with pytest.raises(SignatureError):
            KEY.public.verify(DATA, changed)


def test_a_comment_cannot_be_moved_to_another_signature() -> None:
    one, two = KEY.sign(DATA, "one").splitlines(), KEY.sign(b"other", "two").splitlines()
    with pytest.raises(SignatureError, match="does not fit"):
        KEY.public.verify(DATA, "\n".join([*one[:2], *two[2:]]))


def test_another_keys_signature_is_recognised() -> None:
    other = SecretKey.generate()
    signature = other.sign(DATA, "a pack")
    assert not KEY.public.signed(signature)
    with pytest.raises(SignatureError, match="not by the key"):
        KEY.public.verify(DATA, signature)
    posing = SecretKey(KEY.id, other.seed).sign(DATA, "a pack")
    assert KEY.public.signed(posing)
    with pytest.raises(SignatureError, match="does not fit"):
        KEY.public.verify(DATA, posing)


@given(st.text(max_size=400))
def test_random_bytes_are_a_model_error(text: str) -> None:
    for read in (
        PublicKey.parse,
        SecretKey.parse,
        needs_password,
        lambda text: KEY.public.verify(DATA, text),
    ):
        with pytest.raises(ModelError):
            read(text)


def test_a_key_that_needs_too_much_memory_is_refused() -> None:
    lines = KEY.text("x").splitlines()
    blob = bytearray(base64.b64decode(lines[1]))
    blob[38:54] = b"\xff" * 16
    with pytest.raises(SignatureError, match="1 GiB"):
        SecretKey.parse(base64.b64encode(blob).decode(), "x")


def test_a_secret_key_is_not_printed() -> None:
    assert KEY.seed.hex() not in repr(KEY)
    assert repr(KEY.seed) not in repr(KEY)


def test_a_trusted_comment_is_one_line() -> None:
    with pytest.raises(ValueError, match="one line"):
        KEY.sign(DATA, "a\nb")
