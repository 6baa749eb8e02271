"""Packs made, signed, shown and measured on the command line."""

from __future__ import annotations

import stat
from pathlib import Path

import click
import pytest

from appliance.inference.minisign import PublicKey, SecretKey
from tests.cli.conftest import CANARY, Call
from tests.inference import standins

DRAFT = """
name = "studio"
[[entry]]
file = "inswapper_128.onnx"
family = "inswapper"
licence = "InsightFace"
use = "non-commercial"
source = { registry = "GitHub", package = "insightface", version = "0.7", member = "inswapper" }
"""


@pytest.fixture
def files(folder: Path) -> Path:
    """A folder with a model, a description beside it."""
    models = folder / "models"
    models.mkdir()
    data = standins.model("inswapper").SerializeToString()
    (models / "inswapper_128.onnx").write_bytes(data)
    (folder / "models.toml").write_text(DRAFT)
    return models


@pytest.fixture
def key(call: Call, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A key of `keygen`, trusted."""
    (folder / "keys").mkdir()
    path = folder / "keys" / "studio.key"
    outcome = call("models", "keygen", path, "--no-password")
    assert (outcome.code, outcome.err) == (0, "")
    monkeypatch.setenv("APPLIANCE_KEYS", str(folder / "keys"))
    return path


def test_from_files_to_a_trusted_pack(call: Call, files: Path, key: Path) -> None:
    words = ("models", "import", files, "--manifest", files.parent / "models.toml", "--key", key)
    refused = call(*words)
    assert refused.code == 5
    assert "under the licence InsightFace" in refused.err
    assert [path.name for path in files.iterdir()] == ["inswapper_128.onnx"]
    outcome = call(*words, "--accept", "InsightFace", "--json")
    assert (outcome.code, outcome.err) == (0, "")
    signer = SecretKey.parse(key.read_text()).public.name
    assert outcome.json["signer"] == signer
    found = call("models", "verify", "--models", files, "--json").json
    assert (found["name"], found["signer"], found["verified"]) == ("studio", signer, True)
    assert found["digest"] == outcome.json["digest"]
    again = call(*words, "--accept", "InsightFace")
    assert again.code == 7
    assert call(*words, "--accept", "InsightFace", "--overwrite").code == 0


def test_a_pack_of_an_unknown_signer_is_listed_as_such(
    call: Call, files: Path, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("models", "import", files, "--manifest", files.parent / "models.toml", "--key", key)
    assert call(*words, "--accept", "InsightFace").code == 0
    assert "nobody" not in call("models", "list", "--models", files).out
    monkeypatch.setenv("APPLIANCE_KEYS", str(files))
    assert "nobody" in call("models", "list", "--models", files).out


def test_signing_again_verifies_first(call: Call, files: Path, key: Path) -> None:
    words = ("models", "import", files, "--manifest", files.parent / "models.toml", "--key", key)
    assert call(*words, "--accept", "InsightFace").code == 0
    other = key.with_name("other.key")
    assert call("models", "keygen", other, "--no-password").code == 0
    assert call("models", "sign", files, "--key", other).code == 0
    signer = call("models", "list", "--models", files, "--json").json["signer"]
    assert signer == SecretKey.parse(other.read_text()).public.name
    model = files / "inswapper_128.onnx"
    model.write_bytes(model.read_bytes()[:-1])
    assert call("models", "sign", files, "--key", key).code == 5
    assert call("models", "list", "--models", files, "--json").json["signer"] == signer


def test_keys_are_their_owner_s_and_never_replaced(call: Call, key: Path) -> None:
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    public = PublicKey.parse(key.with_suffix(".pub").read_text())
    assert SecretKey.parse(key.read_text()).public == public
    before = key.read_text()
    assert call("models", "keygen", key, "--no-password").code == 7
    assert key.read_text() == before
    assert call("models", "keygen", key.with_suffix(".pub"), "--no-password").code == 2


def test_a_key_may_have_a_password(
    call: Call, files: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = ["sesame"]
    monkeypatch.setattr(click, "prompt", lambda *_, **__: typed[0])
    path = folder / "sealed.key"
    assert call("models", "keygen", path).code == 0
    words = ("models", "import", files, "--manifest", files.parent / "models.toml", "--key", path)
    typed[0] = "simsim"
    outcome = call(*words, "--accept", "InsightFace")
    assert outcome.code == 5
    assert "password" in outcome.err
    assert not (files / "manifest.toml").exists()
    typed[0] = "sesame"
    assert call(*words, "--accept", "InsightFace").code == 0


def test_a_trusted_key_that_is_none_is_said(call: Call, key: Path) -> None:
    assert call("models", "list").code == 0
    (key.parent / "noise.pub").write_text("noise")
    outcome = call("models", "list")
    assert outcome.code == 5
    assert CANARY not in outcome.err


def test_a_card_says_what_a_model_is(call: Call, files: Path, key: Path) -> None:
    words = ("models", "import", files, "--manifest", files.parent / "models.toml", "--key", key)
    assert call(*words, "--accept", "InsightFace").code == 0
    card = call("models", "show", "--models", files, "--role", "generator").out
    for said in ("non-commercial", "insightface 0.7", "aligned as arcface_128", "e M / |e|"):
        assert said in card
    (found,) = call("models", "show", "--models", files, "--json").json["cards"]
    assert found["takes"]["target"] == "1×3×128×128 RGB 0 to 1, aligned as arcface_128"
    assert found["parameters"] > 512 * 512
    assert call("models", "show", "--models", files, "--role", "mesh").code == 5
    assert len(call("models", "show", "--json").json["cards"]) == 8


def test_every_network_is_measured(call: Call) -> None:
    found = call("models", "bench", "--provider", "cpu", "--json").json
    roles = [speed["role"] for speed in found["speeds"]]
    assert roles == ["detector", "mesh", "identity", "person-mask", "upscaler-x2", "upscaler-x4"]
    assert all(speed["milliseconds"] > 0 and speed["runs"] > 0 for speed in found["speeds"])
