from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import onnx
import pytest

from appliance.cli.process import tuning_store
from appliance.inference.calibrate import calibrate
from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from appliance.inference.tuning import FILE, Setting, Tuning
from tests.cli.conftest import Call
from tests.inference.packs import write_standins
from tests.inference.test_forms import failing

Seen: TypeAlias = list[Tuning]
FOUND = Setting(threads=1, batch=1, ms=1.0)


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder in which nothing is yet."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "face-appliance"


def test_into_writes_settings_for_the_workers_of_an_appliance(
    call: Call, folder: Path, state: Path
) -> None:
    pack, into = write_standins(folder / "pack", "arcface"), folder / FILE
    assert call("models", "tune", "--models", pack, "--provider", "cpu", "--into", into).code == 0
    digest = call("models", "list", "--models", pack, "--json").json["digest"]
    assert Tuning.read(into).setting(digest, "cpu", "identity") is not None
    assert into.stat().st_mode & 0o444 == 0o444  # for workers that are other users
    assert not state.exists()


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Seen:
    """The earlier measurements that each runtime receives."""
    seen: list[Tuning] = []
    real = Runtime.__init__

    def runtime(self: Runtime, *given: Any, **named: Any) -> None:
        seen.append(named["tuning"])
        real(self, *given, **named)

    monkeypatch.setattr(Runtime, "__init__", runtime)
    return seen


def test_settings_are_readable_by_their_user_only(call: Call, folder: Path, state: Path) -> None:
    pack = write_standins(folder / "pack", "arcface", batched=True)
    outcome = call("models", "tune", "--models", pack, "--provider", "cpu", "--json")
    assert (outcome.code, outcome.err) == (0, "")
    (found,) = outcome.json["networks"]
    digest = call("models", "list", "--models", pack, "--json").json["digest"]
    kept = Tuning.read(state / FILE).setting(digest, "cpu", "identity")
    assert kept is not None
    assert kept.batch == found["setting"]["batch"]
    assert state.stat().st_mode & 0o077 == 0


def test_a_swap_uses_the_measured_settings(
    call: Call, people: Mapping[str, Path], folder: Path, state: Path, measured: Seen
) -> None:
    digest = ModelPack.open().digest
    state.mkdir(parents=True)
    Tuning().with_settings(digest, "cpu", {"identity": FOUND}).write(state / FILE)
    words = ("--source", people["a"], "--target", people["c"], "--output", folder / "result.png")
    assert call("swap", *words, "--provider", "cpu").code == 0
    assert [tuning.setting(digest, "cpu", "identity") for tuning in measured] == [FOUND]


def test_a_state_folder_that_is_not_writable_is_reported(
    call: Call, folder: Path, state: Path
) -> None:
    state.parent.mkdir()
    state.write_text("")
    pack = write_standins(folder / "pack", "arcface")
    outcome = call("models", "tune", "--models", pack, "--provider", "cpu")
    assert outcome.code == 7


def test_a_network_that_fails_costs_only_its_own_setting(
    call: Call, folder: Path, state: Path
) -> None:
    pack = write_standins(folder / "pack", "arcface", "inswapper", "gfpgan", change=fails)
    words = ("models", "tune", "--models", pack, "--provider", "cpu")
    outcome = call(*words)
    assert outcome.code == 6
    assert "identity             not measured" in outcome.out
    assert "1 of 3 networks could not be measured" in outcome.err
    digest = call("models", "list", "--models", pack, "--json").json["digest"]
    kept = Tuning.read(state / FILE)
    assert kept.setting(digest, "cpu", "identity") is None
    for role in ("generator", "restorer"):
        setting = kept.setting(digest, "cpu", role)
        assert setting is not None
        assert setting.form == "published"
    assert list(call(*words, "--json").json["failed"]) == ["identity"]


def test_what_was_measured_is_stored_before_the_next_network_is(
    call: Call, folder: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack = write_standins(folder / "pack", "arcface", "inswapper")
    seen: list[object] = []

    def interrupted(*given: Any) -> Any:
        seen.append(given)
        if len(seen) == 2:
            raise KeyboardInterrupt
        return calibrate(*given)

    monkeypatch.setattr(tuning_store, "calibrate", interrupted)
    assert call("models", "tune", "--models", pack, "--provider", "cpu").code == 130
    digest = call("models", "list", "--models", pack, "--json").json["digest"]
    assert Tuning.read(state / FILE).setting(digest, "cpu", "identity") is not None


def fails(family: str, model: onnx.ModelProto) -> None:
    if family == "arcface":
        failing(model)
