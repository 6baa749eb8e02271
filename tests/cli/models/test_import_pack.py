"""Packs made, signed, shown and measured on the command line."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import click
import pytest

from appliance.cli.process import tuning_store
from appliance.cli.process.allowed_providers import GPU_LINE
from appliance.policy.load import load
from appliance.signatures.minisign import PublicKey, SecretKey
from tests.cli.conftest import Call
from tests.inference import standins
from tests.inference.packs import write_policy
from tests.paths import REPOSITORY

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
    """A folder with a model; its description is next to the folder."""
    models = folder / "models"
    models.mkdir()
    data = standins.model("inswapper").SerializeToString()
    (models / "inswapper_128.onnx").write_bytes(data)
    (folder / "models.toml").write_text(DRAFT)
    return models


@pytest.fixture
def key(call: Call, folder: Path) -> Path:
    """A key of `keygen`."""
    path = folder / "studio.key"
    outcome = call("models", "keygen", path, "--no-password")
    assert (outcome.code, outcome.err) == (0, "")
    return path


@pytest.fixture
def policy(key: Path, folder: Path) -> Path:
    """A policy that trusts the key, and accepts the model's licence."""
    secret = SecretKey.parse(key.read_text())
    return write_policy(folder / "studio.yaml", secret, "MIT, InsightFace")


@pytest.fixture
def imported(call: Call, files: Path, key: Path, policy: Path) -> Path:
    """The folder, made a pack."""
    words = ("--manifest", files.parent / "models.toml", "--key", key, "--policy", policy)
    outcome = call("models", "import", files, *words)
    assert (outcome.code, outcome.err) == (0, "")
    return files


def test_from_files_to_a_trusted_pack(call: Call, files: Path, key: Path, policy: Path) -> None:
    words = ("models", "import", files, "--manifest", files.parent / "models.toml", "--key", key)
    refused = call(*words)
    assert refused.code == 5
    assert "under the licence InsightFace" in refused.err
    assert "non-commercial" in refused.err
    assert [path.name for path in files.iterdir()] == ["inswapper_128.onnx"]
    outcome = call(*words, "--policy", policy, "--json")
    assert (outcome.code, outcome.err) == (0, "")
    signer = SecretKey.parse(key.read_text()).public.name
    assert outcome.json["signer"] == signer
    found = call("models", "verify", "--models", files, "--policy", policy, "--json").json
    assert (found["name"], found["signer"], found["verified"]) == ("studio", signer, True)
    assert found["digest"] == outcome.json["digest"]
    assert call(*words, "--policy", policy).code == 7  # there is a manifest now
    assert call(*words, "--policy", policy, "--overwrite").code == 0


def test_a_pack_of_an_untrusted_signer_is_listed_as_such(
    call: Call, imported: Path, policy: Path
) -> None:
    assert (
        "no trusted key" not in call("models", "list", "--models", imported, "--policy", policy).out
    )
    assert "no trusted key" in call("models", "list", "--models", imported).out


def test_signing_again_verifies_the_pack_first(
    call: Call, imported: Path, key: Path, folder: Path
) -> None:
    other = key.with_name("other.key")
    assert call("models", "keygen", other, "--no-password").code == 0
    assert call("models", "sign", imported, "--key", other).code == 0
    secret = SecretKey.parse(other.read_text())
    trusting = write_policy(folder / "other.yaml", secret)
    look = ("models", "list", "--models", imported, "--policy", trusting, "--json")
    assert call(*look).json["signer"] == secret.public.name
    model = imported / "inswapper_128.onnx"
    model.write_bytes(model.read_bytes()[:-1])
    assert call("models", "sign", imported, "--key", key).code == 5
    assert call(*look).json["signer"] == secret.public.name


def test_keys_are_readable_by_their_owner_only_and_never_replaced(call: Call, key: Path) -> None:
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    public = PublicKey.parse(key.with_suffix(".pub").read_text())
    assert SecretKey.parse(key.read_text()).public == public
    before = key.read_text()
    assert call("models", "keygen", key, "--no-password").code == 7
    assert key.read_text() == before
    assert call("models", "keygen", key.with_suffix(".pub"), "--no-password").code == 2


def test_a_key_may_have_a_password(
    call: Call, files: Path, folder: Path, policy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = ["sesame"]
    monkeypatch.setattr(click, "prompt", lambda *_, **__: typed[0])
    path = folder / "sealed.key"
    assert call("models", "keygen", path).code == 0
    words = ("--manifest", folder / "models.toml", "--key", path, "--policy", policy)
    typed[0] = "simsim"
    outcome = call("models", "import", files, *words)
    assert outcome.code == 5
    assert "password" in outcome.err
    assert not (files / "manifest.toml").exists()
    typed[0] = "sesame"
    assert call("models", "import", files, *words).code == 0


def test_an_import_says_on_which_provider_it_measures(
    call: Call, files: Path, key: Path, policy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("--manifest", files.parent / "models.toml", "--key", key, "--policy", policy)
    said = call("models", "import", files, *words).out
    assert "measuring on cpu" in said
    assert "GPU" not in said
    monkeypatch.setattr(tuning_store, "gpus", lambda: 1)
    said = call("models", "import", files, *words, "--overwrite").out
    assert "the GPU is left out" in said
    assert "engine: {providers: [cuda, cpu], gpu: true}" in said


def test_the_policy_that_the_readme_shows_lets_a_gpu_compute(folder: Path) -> None:
    readme = (REPOSITORY / "models" / "README.md").read_text()
    (shown,) = re.findall(r"```\n(models:\n.*?)```", readme, re.DOTALL)
    path = folder / "shown.yaml"
    path.write_text(shown)
    policy = load(path)
    assert policy.engine.providers == ("cuda", "cpu")
    assert policy.engine.gpu
    assert GPU_LINE.strip("`") in shown


def test_a_malformed_key_in_a_policy_is_reported(call: Call, folder: Path) -> None:
    path = folder / "policy.yaml"
    path.write_text(f"models:\n  keys: [{'A' * 56}]\n")
    outcome = call("models", "list", "--policy", path)
    assert outcome.code == 5
    assert "public key" in outcome.err


def test_a_card_describes_a_model(call: Call, imported: Path) -> None:
    card = call("models", "show", "--models", imported, "--role", "generator").out
    for expected in ("non-commercial", "insightface 0.7", "aligned as arcface_128", "e M / |e|"):
        assert expected in card
    (found,) = call("models", "show", "--models", imported, "--json").json["cards"]
    assert found["takes"]["target"] == "1×3×128×128 RGB 0 to 1, aligned as arcface_128"
    assert found["parameters"] > 512 * 512
    assert call("models", "show", "--models", imported, "--role", "mesh").code == 5
    assert len(call("models", "show", "--json").json["cards"]) == 10


def test_every_network_is_measured(call: Call) -> None:
    found = call("models", "bench", "--provider", "cpu", "--json").json
    roles = [speed["role"] for speed in found["speeds"]]
    assert roles == [
        "detector",
        "mesh",
        "identity",
        "person-mask",
        "palm-detector",
        "hand-joints",
        "upscaler-x2",
        "upscaler-x4",
    ]
    assert all(speed["milliseconds"] > 0 and speed["runs"] > 0 for speed in found["speeds"])
