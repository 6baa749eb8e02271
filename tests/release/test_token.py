"""A key on a PKCS #11 token signs. The token is SoftHSM's, in software."""

from __future__ import annotations

import io
import os
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from appliance.errors import ReleaseError
from appliance.release.inspection import inspect_file
from appliance.release.keys import read_anchors, read_release_keys, write_release_keys
from appliance.release.provenance.identity import make_identity
from appliance.release.provenance.library import MIME_TYPES
from appliance.release.still import released_still
from tests.release.signed import FACTS, photo, second_opinion

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
PIN = "1234"


def softhsm(*words: str | Path) -> None:
    command = ["softhsm2-util"]
    subprocess.run([*command, *words], check=True, stdout=subprocess.DEVNULL)


@pytest.fixture(params=["ed25519", "es256"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The keys of a site whose signing key is on a token."""
    tokens = tmp_path / "tokens"
    tokens.mkdir()
    (tmp_path / "softhsm2.conf").write_text(f"directories.tokendir = {tokens}\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(tmp_path / "softhsm2.conf"))
    edwards = request.param == "ed25519"
    key = Ed25519PrivateKey.generate() if edwards else generate_private_key(SECP256R1())
    (tmp_path / "key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    softhsm("--init-token", "--free", "--label", "site", "--so-pin", "5678", "--pin", PIN)
    words = ("--token", "site", "--label", "release", "--id", "01", "--pin", PIN)
    softhsm("--import", tmp_path / "key", *words)
    (tmp_path / "key").unlink()
    made = tmp_path / "made"
    write_release_keys(made, make_identity("Hospital", token=key.public_key()))
    point_to(made)
    return made


def point_to(folder: Path, module: str = MODULE, key: str = "release", pin: str = PIN) -> None:
    text = f'module = "{module}"\ntoken = "site"\nkey = "{key}"\n'
    (folder / "release.token").write_text(text)
    (folder / "release.pin").write_text(f"{pin}\n")


def test_what_a_token_signed_is_trusted_by_both_readers(folder: Path) -> None:
    assert not (folder / "release.key").exists()
    keys = read_release_keys(folder)
    assert keys.signing.private is None
    for kind in ("jpeg", "png"):
        data = released_still(photo(), kind, FACTS, keys.signing, keys.watermark)
        assert inspect_file(io.BytesIO(data), read_anchors(folder)).trusted
        assert second_opinion(data, MIME_TYPES[kind], read_anchors(folder)) == (
            "valid",
            "valid_for_supplied_material",
        )


@pytest.mark.parametrize(
    "wrong", [{"pin": "4321"}, {"module": "/nowhere.so"}, {"key": "other"}, {"pin": ""}]
)
def test_a_token_that_cannot_be_used_is_refused(folder: Path, wrong: dict[str, str]) -> None:
    point_to(folder, **wrong)
    with pytest.raises(ReleaseError, match="cannot be"):
        read_release_keys(folder)


def test_the_key_of_another_certificate_is_refused(folder: Path) -> None:
    kept = read_release_keys(folder).anchor
    others = make_identity("Hospital", token=Ed25519PrivateKey.generate().public_key())
    (folder / "release.pem").write_bytes(others.chain)
    with pytest.raises(ReleaseError):
        read_release_keys(folder)
    assert (folder / "anchor.pem").read_bytes() == kept


def test_the_child_ends_with_the_key(folder: Path) -> None:
    before = children()
    keys = read_release_keys(folder)
    assert len(children() - before) == 1
    del keys
    assert children() == before


def children() -> frozenset[str]:
    own = Path(f"/proc/{os.getpid()}/task")
    return frozenset(
        child for task in own.iterdir() for child in (task / "children").read_text().split()
    )


def test_a_token_that_is_gone_signs_nothing(folder: Path) -> None:
    before = children()
    signing = read_release_keys(folder).signing
    (child,) = children() - before
    os.kill(int(child), 9)
    with pytest.raises(ReleaseError):
        released_still(photo(), "png", FACTS, signing, bytes(32))
