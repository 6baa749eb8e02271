"""QML reaches actions and nothing else; a bug in one ends nothing and names nobody."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import msgspec
import pytest
from PySide6.QtCore import QUrl
from PySide6.QtQml import QQmlComponent

from appliance.kiosk.models.model import Model, action
from appliance.kiosk.window import _Post, _safely
from tests.kiosk.stage import Stage

NAME = "Erika Mustermann"


class State(msgspec.Struct, frozen=True):
    """What the probe got."""

    got: str = ""


class Probe(Model[State]):
    """Stands in for a view model."""

    def __init__(self) -> None:
        super().__init__(State())
        self.calls: list[tuple[object, ...]] = []

    @action
    def take(self, text: str, number: int, share: float) -> None:
        self.calls.append((text, number, share))

    @action
    def break_down(self) -> None:
        raise ValueError(NAME)

    def secret(self) -> None:
        self.calls.append(("secret",))


@pytest.fixture
def probe(stage: Stage) -> Iterator[Probe]:
    """A view model of a kind that the bridge does not know by itself."""
    made = Probe()
    stage.models["probe"] = made
    yield made
    del stage.models["probe"]


def run(stage: Stage, script: str) -> list[str]:
    """Run JavaScript as a screen does. Returns what Qt said."""
    stage.messages.clear()
    text = f"import QtQml\nimport Kiosk\nQtObject {{ Component.onCompleted: {{ {script} }} }}"
    component = QQmlComponent(stage.screen._engine)
    component.setData(text.encode(), QUrl())
    made = component.create()
    assert made is not None, component.errorString()
    stage.settle()
    said, stage.messages[:] = list(stage.messages), []
    return said


def test_an_action_gets_its_arguments(stage: Stage, probe: Probe) -> None:
    assert run(stage, 'Kiosk.act("probe.take", ["a", 2, 3]);') == []
    assert run(stage, 'Kiosk.act("probe.take", ["a", 4 / 2, 0.5]);') == []
    assert probe.calls == [("a", 2, 3.0), ("a", 2, 0.5)]


@pytest.mark.parametrize(
    "call",
    [
        '"probe.take", []',
        '"probe.take", ["a"]',
        '"probe.take", ["a", 2, 3, 4]',
        '"probe.take", [2, 2, 3]',
        '"probe.take", ["a", 2.5, 3]',
        '"probe.take", ["a", 2, "3"]',
        '"probe.take", ["a", 2, NaN]',
        '"probe.take", ["a", Infinity, 3]',
        '"probe.take", [undefined, null, {}]',
        '"probe.take", [["a"], [2], [3]]',
        '"probe.take", ["a", true, 3]',
        '"probe.secret", []',
        '"probe.show", [{got: 1}]',
        '"probe.forget", []',
        '"probe.calls", []',
        '"probe.__init__", []',
        '"probe.", []',
        '"probe", []',
        '"nobody.take", ["a", 2, 3]',
        '"", []',
        '"probe.take.take", ["a", 2, 3]',
    ],
)
def test_anything_else_does_nothing(
    stage: Stage, probe: Probe, capfd: pytest.CaptureFixture[str], call: str
) -> None:
    assert run(stage, f"Kiosk.act({call});") == []
    assert probe.calls == []
    assert probe.state == State()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("call", ["", '"probe.take"', "1, 2, 3", "null, null", '"probe.take", 5'])
def test_a_call_of_another_shape_raises_no_python(
    stage: Stage, probe: Probe, capfd: pytest.CaptureFixture[str], call: str
) -> None:
    run(stage, f"try {{ Kiosk.act({call}); }} catch (wrong) {{ }}")
    assert probe.calls == []
    assert "Traceback" not in capfd.readouterr().err


def test_a_bug_is_reported_without_its_text(
    stage: Stage, probe: Probe, capfd: pytest.CaptureFixture[str], reports: list[str]
) -> None:
    assert run(stage, 'Kiosk.act("probe.break_down", []);') == []
    run(stage, 'Kiosk.act("probe.take", ["a", 1, 1]);')
    assert probe.calls == [("a", 1, 1.0)]
    assert reports == ["ValueError"]
    assert NAME not in "".join(capfd.readouterr())


def test_a_bug_in_what_an_answer_brings_is_reported_without_its_text(
    stage: Stage, capfd: pytest.CaptureFixture[str], reports: list[str]
) -> None:
    def fail() -> None:
        raise KeyError(NAME)

    post = _Post()
    post(fail)
    _safely(fail)
    stage.settle()
    assert reports == ["KeyError", "KeyError"]
    assert NAME not in "".join(capfd.readouterr())


def test_what_another_thread_posts_happens_on_the_window_s_thread(stage: Stage) -> None:
    where: list[threading.Thread] = []
    post = _Post()
    thread = threading.Thread(target=lambda: post(lambda: where.append(threading.current_thread())))
    thread.start()
    thread.join()
    assert where == []
    stage.settle()
    assert where == [threading.main_thread()]


def test_no_action_of_a_real_model_breaks_on_strange_arguments(
    stage: Stage, capfd: pytest.CaptureFixture[str], reports: list[str]
) -> None:
    strange = ["", "nobody", "ß" * 500, 0, -1, 1 << 40, 0.5, [], {}, None]
    stage.reset()
    bridge = stage.screen.bridge
    for name, model in stage.models.items():
        for what in dir(type(model)):
            if type(model).action(what) is not None:
                for value in strange:
                    for count in range(4):
                        bridge.act(f"{name}.{what}", [value] * count)
    stage.reset()
    assert reports == []
    assert "Traceback" not in capfd.readouterr().err
    stage.messages.clear()
