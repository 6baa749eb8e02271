from __future__ import annotations

import base64
import hashlib
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from appliance.audit import standalone
from appliance.errors import ReleaseError
from appliance.release.disc.manifest import Manifest
from appliance.release.disc.tree import VERIFIER
from tests.release.disc.discs import MADE, anchor, copy, ecdsa_keys, write
from tests.release.signed import ORDER


def verify(disc: Path, *more: str | Path) -> subprocess.CompletedProcess[str]:
    """As a recipient does it, by the program on the disc."""
    command = [sys.executable, "-I", disc / VERIFIER, disc, *more]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def disc(tmp_path: Path) -> Path:
    return write(tmp_path / "disc", [copy(12), copy(13)], {"audit/events.xml": b"<x/>"})


def test_a_disc_is_checked_by_the_program_on_it(disc: Path, tmp_path: Path) -> None:
    done = verify(disc, "--anchor", anchor(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "sound: 2 released, without a ledger\n"


def test_the_anchor_of_the_disc_itself_proves_nothing(disc: Path, tmp_path: Path) -> None:
    done = verify(disc)
    assert done.returncode == 3
    assert "the anchor is the disc's own" in done.stdout
    foreign = verify(disc, "--anchor", anchor(tmp_path, "Another hospital"))
    assert (foreign.returncode, "no anchor vouches" in foreign.stdout) == (1, True)


def test_the_manifest_lists_every_other_file(disc: Path) -> None:
    manifest = msgspec.json.decode((disc / "manifest.json").read_bytes(), type=Manifest)
    files = {path.relative_to(disc).as_posix() for path in disc.rglob("*") if path.is_file()}
    assert {file.name for file in manifest.files} == files - {"manifest.json", "manifest.sig"}
    for file in manifest.files:
        data = (disc / file.name).read_bytes()
        assert (file.size, file.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert [release.record.number for release in manifest.releases] == [12, 13]
    assert (manifest.label, manifest.made) == ("RELEASE_12_AND_1_MORE", MADE)


def test_openssl_accepts_the_signature_too(disc: Path, tmp_path: Path) -> None:
    signature = json.loads((disc / "manifest.sig").read_text())
    chain, raw, public = (tmp_path / name for name in ("chain.pem", "raw", "public.pem"))
    chain.write_text(signature["certificates"])
    raw.write_bytes(standalone._decode(signature["signature"]))

    def openssl(*words: str | Path) -> int:
        return subprocess.run(
            ["/usr/bin/openssl", *words], capture_output=True, check=False
        ).returncode

    trusted = ("verify", "-CAfile", anchor(tmp_path), "-purpose", "any", chain)
    assert openssl(*trusted) == 0
    assert openssl("x509", "-in", chain, "-noout", "-pubkey", "-out", public) == 0
    check = ("pkeyutl", "-verify", "-pubin", "-inkey", public, "-rawin", "-sigfile", raw, "-in")
    assert openssl(*check, disc / "manifest.json") == 0
    (tmp_path / "changed").write_bytes((disc / "manifest.json").read_bytes() + b" ")
    assert openssl(*check, tmp_path / "changed") != 0


def _flip(disc: Path) -> None:
    path = disc / "results/release-12.jpg"
    data = bytearray(path.read_bytes())
    data[-100] ^= 1
    path.write_bytes(data)


def _remove(disc: Path) -> None:
    (disc / "audit/events.xml").unlink()


def _add(disc: Path) -> None:
    (disc / "results/more.jpg").write_bytes(b"x")


def _relink(disc: Path) -> None:
    (disc / "audit/events.xml").rename(disc.parent / "events.xml")
    (disc / "audit/events.xml").symlink_to(disc.parent / "events.xml")


def _exchange(disc: Path) -> None:
    """Each is a released copy, and under the other's number."""
    (disc / "results/release-12.jpg").rename(disc / "x")
    (disc / "results/release-13.jpg").rename(disc / "results/release-12.jpg")
    (disc / "x").rename(disc / "results/release-13.jpg")


def _rewrite(disc: Path) -> None:
    path = disc / "manifest.json"
    path.write_bytes(path.read_bytes().replace(b"simulation", b"mesh"))


def _cut(disc: Path) -> None:
    path = disc / "manifest.sig"
    path.write_bytes(path.read_bytes()[:-10])


@pytest.mark.parametrize("spoil", [_flip, _remove, _add, _relink, _exchange, _rewrite, _cut])
def test_whatever_is_changed_on_a_disc_is_noticed(
    disc: Path, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    trusted = anchor(tmp_path)
    assert verify(disc, "--anchor", trusted).returncode == 0
    program = shutil.copy(standalone.__file__, tmp_path / "verify.py")
    spoil(disc)
    command = [sys.executable, "-I", program, disc, "--anchor", trusted]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")


def test_a_result_without_its_label_is_noticed(tmp_path: Path) -> None:
    record, content = copy(12)
    trusted = anchor(tmp_path)
    data = content.read()
    for one, name in ((data, "control"), (data.replace(b'"12"', b'"13"'), "changed")):
        digest = hashlib.sha256(one).hexdigest()
        said = msgspec.structs.replace(record, copy=digest, size=len(one))
        folder = write(tmp_path / name, [(said, io.BytesIO(one))])
        assert verify(folder, "--anchor", trusted).returncode == (name == "changed")


def test_nothing_but_what_was_released_gets_on_a_disc(tmp_path: Path) -> None:
    write(tmp_path / "control", [copy(12)])
    record, content = copy(12)
    changed = io.BytesIO(content.read() + b"x")
    with pytest.raises(ReleaseError, match="not the one"):
        write(tmp_path / "changed", [(record, changed)])
    with pytest.raises(ReleaseError, match="same number"):
        write(tmp_path / "twice", [copy(12), copy(12)])
    with pytest.raises(ReleaseError, match="nothing"):
        write(tmp_path / "none", [])


@pytest.mark.parametrize("name", ["a b", "../x", "manifest.json", "RESULTS/RELEASE-12.JPG", "x/"])
def test_further_files_have_names_of_their_own(tmp_path: Path, name: str) -> None:
    write(tmp_path / "control", [copy(12)], {"DICOM/I0000001": b"x"})
    with pytest.raises(ReleaseError, match="name"):
        write(tmp_path / "disc", [copy(12)], {name: b"x"})


def test_a_key_of_ecdsa_signs_as_well(tmp_path: Path) -> None:
    keys = ecdsa_keys()
    folder = write(tmp_path / "disc", [copy(12)], keys=keys)
    own = tmp_path / "own.pem"
    own.write_bytes(keys.anchor)
    assert verify(folder, "--anchor", own).returncode == 0
    assert verify(folder, "--anchor", anchor(tmp_path, "Another hospital")).returncode == 1
    path = folder / "manifest.json"
    path.write_bytes(path.read_bytes().replace(b"simulation", b"mesh"))
    assert "changed since" in verify(folder, "--anchor", own).stdout


def test_an_ecdsa_signature_of_the_list_has_one_form(tmp_path: Path) -> None:
    keys = ecdsa_keys()
    folder = write(tmp_path / "disc", [copy(12)], keys=keys)
    own = tmp_path / "own.pem"
    own.write_bytes(keys.anchor)
    path = folder / "manifest.sig"
    stated = json.loads(path.read_bytes())
    raw = base64.b64decode(stated["signature"])
    higher = (ORDER - int.from_bytes(raw[32:], "big")).to_bytes(32, "big")
    stated["signature"] = base64.b64encode(raw[:32] + higher).decode()
    path.write_text(json.dumps(stated))
    refused = verify(folder, "--anchor", own)
    assert (refused.returncode, "another signature" in refused.stdout) == (1, True)
