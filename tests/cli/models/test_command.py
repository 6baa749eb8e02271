from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from appliance.inference.pack import ModelPack
from tests.cli.conftest import Call
from tests.paths import REPOSITORY

STARTER = REPOSITORY / "models" / "starter"


@pytest.fixture
def copy(folder: Path) -> Path:
    """The starter pack in a folder with a person's name."""
    shutil.copytree(STARTER, folder / "pack")
    return folder / "pack"


@pytest.mark.parametrize(("command", "verified"), [("list", False), ("verify", True)])
def test_a_pack_is_listed(command: str, verified: bool, pack: ModelPack, call: Call) -> None:
    outcome = call("models", command, "--json")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.json["name"] == pack.name
    assert outcome.json["digest"] == pack.digest
    assert outcome.json["verified"] is verified
    assert [model["file"] for model in outcome.json["models"]] == [e.file for e in pack.entries]


def test_text_output_lists_every_model(pack: ModelPack, call: Call, copy: Path) -> None:
    outcome = call("models", "verify", "--models", copy)
    assert outcome.code == 0
    for entry in pack.entries:
        assert f"\n{entry.role}\n" in outcome.out
        assert entry.licence in outcome.out
    assert outcome.out.endswith(f"all {len(pack.entries)} files match the manifest\n")
    assert "all" not in call("models", "list", "--models", copy).out.splitlines()[-1]


def test_an_altered_file_is_listed_but_not_verified(call: Call, copy: Path) -> None:
    file = copy / "sface_2021dec.onnx"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    assert call("models", "list", "--models", copy).code == 0
    outcome = call("models", "verify", "--models", copy)
    assert outcome.code == 5
    assert "altered" in outcome.err
    assert outcome.out == ""


def test_a_folder_without_a_pack_is_an_error(call: Call, folder: Path) -> None:
    assert call("models", "list", "--models", folder).code == 5
