from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from appliance.errors import ModelError
from appliance.inference.families import ROLES
from appliance.inference.pack import FOLDER_VARIABLE, ModelPack
from appliance.inference.trust import INSPECTION
from appliance.signatures.minisign import SignatureError
from tests.inference import graphs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return graphs.write_pack(tmp_path / "pack", graphs.sound().SerializeToString())


def refuse_to_read(folder: Path, match: str) -> ModelError:
    opened = ModelPack.open(folder, INSPECTION)
    with pytest.raises(ModelError, match=match) as caught:
        opened.read(graphs.ROLE)
    assert str(folder) not in caught.value.message + caught.value.hint
    return caught.value


def test_the_starter_pack_verifies(pack: ModelPack) -> None:
    pack.verify()
    assert {ROLES[entry.family] for entry in pack.entries} == {
        "detector",
        "mesh",
        "identity",
        "person-mask",
        "palm-detector",
        "hand-joints",
        "upscaler-x2",
        "upscaler-x4",
        "canonical-mesh",
        "attention-subsets",
    }


def test_every_licence_of_the_starter_pack_has_its_text(pack: ModelPack) -> None:
    texts = [path.stem for path in (pack._folder / "licenses").iterdir()]
    for entry in pack.entries:
        assert any(text.startswith(entry.licence) for text in texts), entry.licence


def test_the_starter_pack_holds_nothing_unlisted(pack: ModelPack) -> None:
    listed = {entry.file for entry in pack.entries} | {"manifest.toml", "licenses"}
    assert {path.name for path in pack._folder.iterdir()} == listed


def test_an_environment_variable_names_another_starter_pack(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(folder))
    assert ModelPack.open(trust=INSPECTION).name == "test"
    with pytest.raises(SignatureError, match="not signed"):
        ModelPack.open()


def test_the_digest_is_that_of_the_manifest(folder: Path) -> None:
    before = ModelPack.open(folder, INSPECTION).digest
    with (folder / "manifest.toml").open("a") as stream:
        stream.write("# one comment more\n")
    assert ModelPack.open(folder, INSPECTION).digest != before


def test_one_flipped_bit_anywhere_is_detected(folder: Path) -> None:
    path = folder / graphs.FILE
    data = path.read_bytes()
    for position in (0, len(data) // 2, len(data) - 1):
        altered = bytearray(data)
        altered[position] ^= 1
        path.write_bytes(altered)
        refuse_to_read(folder, "altered")
    path.write_bytes(data)
    assert ModelPack.open(folder, INSPECTION).read(graphs.ROLE) == data


def test_a_truncated_file_is_detected(folder: Path) -> None:
    path = folder / graphs.FILE
    path.write_bytes(path.read_bytes()[:-1])
    refuse_to_read(folder, "bytes")


def test_a_file_that_is_too_long_is_not_read(folder: Path) -> None:
    # A hole of 1 TiB: reading it would end the test, and the machine's memory with it.
    os.truncate(folder / graphs.FILE, 1 << 40)
    refuse_to_read(folder, "at most")


def test_a_missing_file_is_named_without_its_path(folder: Path) -> None:
    (folder / graphs.FILE).unlink()
    assert graphs.FILE in refuse_to_read(folder, "No such file").message


def test_a_named_pipe_does_not_hang(folder: Path) -> None:
    (folder / graphs.FILE).unlink()
    os.mkfifo(folder / graphs.FILE)
    refuse_to_read(folder, "not a regular file")


def test_a_folder_is_not_a_file(folder: Path) -> None:
    (folder / graphs.FILE).unlink()
    (folder / graphs.FILE).mkdir()
    refuse_to_read(folder, "cannot be read|not a regular file")


def test_a_missing_pack_is_an_error_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"manifest\.toml") as caught:
        ModelPack.open(tmp_path / "nowhere")
    assert FOLDER_VARIABLE in caught.value.hint
    assert str(tmp_path) not in caught.value.message + caught.value.hint


def test_a_missing_role_is_named(folder: Path) -> None:
    with pytest.raises(ModelError, match="'mesh'"):
        ModelPack.open(folder, INSPECTION).read("mesh")


def test_an_unknown_family_is_refused(tmp_path: Path) -> None:
    graphs.write_pack(tmp_path, b"x", family="gan-of-tomorrow")
    with pytest.raises(ModelError, match="gan-of-tomorrow"):
        ModelPack.open(tmp_path, INSPECTION)


def test_a_family_is_listed_only_for_its_own_role(tmp_path: Path) -> None:
    graphs.write_pack(tmp_path, b"x", role="detector")
    with pytest.raises(ModelError, match=r"'detector'.*'identity'"):
        ModelPack.open(tmp_path, INSPECTION)


def test_verify_checks_networks_against_their_family(pack: ModelPack, tmp_path: Path) -> None:
    data = pack.read("detector")
    graphs.write_pack(tmp_path, data)  # YuNet, sold as SFace
    opened = ModelPack.open(tmp_path, INSPECTION)
    assert opened.read(graphs.ROLE) == data
    with pytest.raises(ModelError, match="sface"):
        opened.verify()


def test_the_bytes_that_were_checked_are_returned(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is replaced as soon as it has been opened; it must not be opened again."""
    path = folder / graphs.FILE
    data = path.read_bytes()
    opened = ModelPack.open(folder, INSPECTION)
    real_open = os.open

    def open_then_swap(*arguments: object) -> int:
        descriptor = real_open(*arguments)  # type: ignore[arg-type]
        other = folder / "other"
        other.write_bytes(b"\0" * len(data))
        shutil.move(other, path)
        return descriptor

    monkeypatch.setattr(os, "open", open_then_swap)
    assert opened.read(graphs.ROLE) == data
    monkeypatch.undo()
    assert path.read_bytes() != data
