from __future__ import annotations

import io
import subprocess
import tarfile
import threading
from pathlib import Path

import pyrage
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from appliance.errors import ReleaseError
from appliance.release.disc.encryption import encrypted_archive, recipient_of
from appliance.release.disc.page import ARCHIVE
from appliance.release.disc.tree import DiscTexts, write_encrypted_tree
from tests.release.disc.discs import MADE, anchor, copy, site_keys, write
from tests.release.disc.test_tree import verify

AGE = "/usr/bin/age"


@pytest.fixture
def identity() -> pyrage.x25519.Identity:
    return pyrage.x25519.Identity.generate()


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    return write(tmp_path / "plain", [copy(12)], {"DICOM/I0000001": b"MARY^CANARY" * 10_000})


@pytest.fixture
def disc(tmp_path: Path, plain: Path, identity: pyrage.x25519.Identity) -> Path:
    folder = tmp_path / "encrypted"
    folder.mkdir()
    archive = encrypted_archive(plain, [recipient_of(str(identity.to_public()))])
    verifier = (plain / "appliance-verify.py").read_bytes()
    write_encrypted_tree(folder, archive, ARCHIVE, site_keys(), DiscTexts("R", MADE, verifier))
    return folder


def test_the_recipient_opens_it_with_age_and_tar_as_the_page_says(
    disc: Path, tmp_path: Path, identity: pyrage.x25519.Identity
) -> None:
    key = tmp_path / "key.txt"
    key.write_text(f"{identity}\n")
    page = (disc / "index.html").read_text()
    assert "age --decrypt --identity YOUR-KEY.txt --output disc.tar disc.tar.age" in page
    archive = tmp_path / "disc.tar"
    words = ("--decrypt", "--identity", key, "--output", archive, disc / ARCHIVE)
    subprocess.run([AGE, *map(str, words)], check=True)
    out = tmp_path / "out"
    out.mkdir()
    subprocess.run(["/bin/tar", "-xf", archive, "-C", out], check=True)
    assert (out / "results/release-12.jpg").read_bytes() == copy(12)[1].read()
    done = verify(out, "--anchor", anchor(tmp_path))
    assert (done.returncode, done.stdout) == (0, "sound: 1 released, without a ledger\n")


def test_pyrage_opens_it_and_nobody_else_does(disc: Path, identity: pyrage.x25519.Identity) -> None:
    encrypted = (disc / ARCHIVE).read_bytes()
    with tarfile.open(fileobj=io.BytesIO(pyrage.decrypt(encrypted, [identity]))) as archive:
        members = archive.getmembers()
    assert "results/release-12.jpg" in {member.name for member in members}
    assert {(member.uid, member.uname) for member in members} == {(0, "")}
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(encrypted, [pyrage.x25519.Identity.generate()])


def test_nothing_outside_the_archive_tells_what_is_in_it(
    disc: Path, plain: Path, tmp_path: Path
) -> None:
    outside = b"".join(
        path.read_bytes() for path in disc.iterdir() if path.name != "appliance-verify.py"
    )
    inside = b"".join(path.read_bytes() for path in plain.rglob("*") if path.is_file())
    for word in (b"CANARY", b"release-12", copy(12)[0].copy.encode()):
        assert word in inside
        assert word not in outside
    done = verify(disc, "--anchor", anchor(tmp_path))
    assert (done.returncode, "one encrypted file" in done.stdout) == (0, True)


def test_a_public_key_of_openssh_is_a_recipient_and_a_private_key_is_not(
    identity: pyrage.x25519.Identity,
) -> None:
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    recipient_of(public.decode())
    for wrong in (str(identity), private.decode(), "age1", ""):
        with pytest.raises(ReleaseError, match="public key"):
            recipient_of(wrong)


def test_who_stops_halfway_leaves_no_thread_waiting(
    plain: Path, identity: pyrage.x25519.Identity
) -> None:
    (plain / "large").write_bytes(bytes(8 << 20))
    before = set(threading.enumerate())  # other tests may have left some that end by themselves
    archive = encrypted_archive(plain, [identity.to_public()])
    assert next(iter(archive)).startswith(b"age-encryption.org/v1")
    archive.close()
    assert not set(threading.enumerate()) - before
