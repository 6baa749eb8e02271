"""Every command that shows a photo to a model accepts trusted packs only."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from appliance.inference.importing import sign
from tests.cli.conftest import Call
from tests.cli.models.test_command import STARTER
from tests.inference.packs import KEY, write_policy


@pytest.fixture
def altered(folder: Path) -> Path:
    """The starter pack under another name, which makes it an untrusted pack."""
    pack = folder / "pack"
    shutil.copytree(STARTER, pack)
    manifest = pack / "manifest.toml"
    manifest.write_text(manifest.read_text().replace('name = "starter"', 'name = "other"'))
    return pack


@pytest.mark.parametrize("command", ["swap", "compare", "inspect"])
def test_an_unsigned_base_pack_is_refused_until_a_key_of_the_policy_signs_it(
    command: str, call: Call, altered: Path, people: Mapping[str, Path], folder: Path
) -> None:
    output = folder / "out.png"
    words: dict[str, list[str | Path]] = {
        "swap": ["--source", people["a"], "--target", people["c"], "--output", output],
        "compare": [people["a"], people["c"]],
        "inspect": [people["a"]],
    }
    trusting = write_policy(folder / "policy.yaml")
    line = [command, *words[command], "--models", altered, "--policy", trusting]
    outcome = call(*line)
    assert outcome.code == 5
    assert "not signed" in outcome.err
    assert not output.exists()
    sign(altered, (altered / "manifest.toml").read_bytes(), "other", KEY)
    assert call(*line).code == 0
    output.unlink(missing_ok=True)
    assert call(*line[:-2]).code == 5  # the default policy trusts no key


def test_a_starter_pack_from_the_environment_is_verified_too(
    call: Call, altered: Path, people: Mapping[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert call("inspect", people["a"]).code == 0
    monkeypatch.setenv("APPLIANCE_MODELS", str(altered))
    assert call("inspect", people["a"]).code == 5
