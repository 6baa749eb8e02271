"""``appliance kiosk``: what it needs before it starts anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.cli.framework.display import display_variables
from appliance.training.machine import Machine
from tests.cli.conftest import Call


def test_a_policy_that_is_not_for_training_is_refused(tmp_path: Path, call: Call) -> None:
    (tmp_path / "policy.yaml").write_text("workspace: {backend: memory}\n")
    outcome = call("kiosk", "--headless", "--policy", tmp_path / "policy.yaml")
    assert outcome.code == 8
    assert "not for training" in outcome.err


def test_a_window_needs_a_display(call: Call) -> None:
    outcome = call("kiosk")
    assert outcome.code == 11
    assert "--headless" in outcome.err


@pytest.mark.parametrize(("screen", "code"), [(0, 0), (3, 11)])
def test_a_screen_that_ends_by_itself_is_an_error(
    call: Call, monkeypatch: pytest.MonkeyPatch, screen: int, code: int
) -> None:
    started: list[Machine] = []

    def run(machine: Machine) -> int:
        started.append(machine)
        machine._end_all()
        return screen

    monkeypatch.setattr(Machine, "run", run)
    outcome = call("kiosk", "--headless", "--language", "zh")
    assert outcome.code == code
    (machine,) = started
    plan = machine._plan
    assert plan.of_screen == {"QT_QPA_PLATFORM": "offscreen"}
    assert plan.screen == ("appliance.kiosk", "--language", "zh")
    assert plan.policy.name == "training.yaml"


def test_only_sound_variables_of_a_display_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XAUTHORITY", "XDG_SESSION_TYPE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DISPLAY", "elsewhere:0")  # over a network
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-1")
    monkeypatch.setenv("XDG_RUNTIME_DIR", "relative")
    monkeypatch.setenv("QT_PLUGIN_PATH", "/plugins")
    assert display_variables() == {"WAYLAND_DISPLAY": "wayland-1"}
