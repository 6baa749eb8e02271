"""Which packs are opened."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from appliance.errors import ModelError
from appliance.inference.pack import MANIFEST, SIGNATURE, ModelPack
from appliance.inference.trust import INSPECTION, STARTER, Trust
from appliance.signatures.minisign import SecretKey, SignatureError
from tests.inference.packs import KEY, write_standins
from tests.paths import REPOSITORY

TRUSTED = Trust((KEY.public,))
STARTER_FOLDER = REPOSITORY / "models" / "starter"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_standins(tmp_path / "pack", "crossface")


def refuse(folder: Path, trust: Trust, match: str) -> None:
    with pytest.raises(SignatureError, match=match) as caught:
        ModelPack.open(folder, trust)
    assert caught.value.exit_code == 5
    assert str(folder) not in caught.value.message + caught.value.hint


def test_a_signed_pack_is_opened_if_its_key_is_trusted(folder: Path) -> None:
    other = SecretKey.generate().public
    for trust in (TRUSTED, Trust((other, KEY.public)), Trust((KEY.public, other))):
        assert ModelPack.open(folder, trust).signer == KEY.public.name
    refuse(folder, Trust((other,)), "no key that is trusted")
    refuse(folder, Trust(), "no key that is trusted")


def test_an_unsigned_pack_is_opened_only_for_inspection(folder: Path) -> None:
    (folder / SIGNATURE).unlink()
    refuse(folder, TRUSTED, "not signed")
    assert ModelPack.open(folder, INSPECTION).signer is None


def test_a_changed_manifest_is_refused_even_for_inspection(folder: Path) -> None:
    manifest = folder / MANIFEST
    manifest.write_bytes(manifest.read_bytes() + b"\n")
    refuse(folder, TRUSTED, "does not fit")
    refuse(folder, Trust((KEY.public,), unsigned=True), "does not fit")


def test_nothing_of_a_manifest_is_parsed_before_it_is_trusted(folder: Path) -> None:
    (folder / MANIFEST).write_bytes(b"\xff" * 100)
    refuse(folder, TRUSTED, "does not fit")


@pytest.mark.parametrize("content", [b"", b"\xff" * 40, b"x" * 300, b"a\nb\nc\nd\n"])
def test_a_malformed_signature_is_refused(content: bytes, folder: Path) -> None:
    (folder / SIGNATURE).write_bytes(content)
    with pytest.raises(ModelError, match="signature"):
        ModelPack.open(folder, TRUSTED)


def test_the_package_itself_vouches_only_for_the_starter_pack(tmp_path: Path) -> None:
    assert ModelPack.open(STARTER_FOLDER).signer == STARTER
    copy = tmp_path / "copy"
    shutil.copytree(STARTER_FOLDER, copy)
    assert ModelPack.open(copy).signer == STARTER
    manifest = copy / MANIFEST
    manifest.write_text(manifest.read_text().replace('name = "starter"', 'name = "starter2"'))
    refuse(copy, Trust(), "not signed")


def test_a_licence_that_is_not_accepted_is_refused_by_name(folder: Path) -> None:
    accepted = Trust((KEY.public,), licences=frozenset({"MIT"}))
    assert ModelPack.open(folder, accepted).name == "operator"
    with pytest.raises(ModelError, match=r"crossface\.onnx is under the licence MIT.*used: any"):
        ModelPack.open(folder, Trust((KEY.public,), licences=frozenset({"Apache-2.0"})))
