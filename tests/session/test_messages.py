"""Messages of the broker name the session they are about: ``journalctl APPLIANCE_SESSION=…``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import structlog

from appliance.diagnostics import journal
from appliance.diagnostics.redact import MESSAGES
from appliance.keeper.protocol import Command
from appliance.protocols import broker_api
from appliance.session.worker_control import WorkerControl
from appliance.wire.message import CallError, Empty
from tests.session.scene import PIN, Scene
from tests.session.standins import until


@pytest.fixture
def messages() -> Iterator[list[dict[str, Any]]]:
    """What is logged, with the field that becomes APPLIANCE_SESSION."""
    kept: list[dict[str, Any]] = []

    def keep(logger: Any, method: str, record: Any) -> Any:
        kept.append(journal._add_session(logger, method, record))
        raise structlog.DropEvent

    journal.bind_session(None)  # another test may have called from this thread
    structlog.configure(processors=[keep])
    yield kept
    structlog.reset_defaults()


def _broken(*_: object) -> Any:
    raise ValueError("a bug")


def test_the_life_of_a_session_is_found_by_it(scene: Scene, messages: list[dict[str, Any]]) -> None:
    session, _ = scene.open()
    scene.tokens.clear()
    scene.broker.tick()
    scene.workers["w0"].die()
    scene.workers["w0"].refuses = True
    scene.tokens.add("hidraw0")
    until(lambda: not scene.broker._slots.all()[0].has_worker)
    with pytest.raises(CallError, match="Failed"):
        scene.ask("Reopen", broker_api.Reopen(session, "anna", PIN), broker_api.Opened)
    scene.ask("Close", scene.ref(session), broker_api.Closed)
    assert [one["event"] for one in messages] == [
        "session opened",
        "session locked",
        "worker did not serve",
        "session ended",
    ]
    assert {one["session"] for one in messages} == {session}
    assert {one["event"] for one in messages} < MESSAGES  # others would be withheld


def test_a_bug_in_a_call_is_found_by_the_session(
    scene: Scene, messages: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = scene.open()
    second, keeper = scene.open()
    monkeypatch.setattr(keeper, "execute", _broken)
    scene.act("Lock", second)
    assert {one.get("session") for one in messages[2:]} == {second}
    messages.clear()
    # The same connection, about another session, and about none.
    monkeypatch.setattr("appliance.session.session.Session.touch", _broken)
    with pytest.raises(CallError, match="Bug"):
        scene.act("Touch", first)
    monkeypatch.setattr(scene.broker._slots, "all", _broken)
    with pytest.raises(CallError, match="Bug"):
        scene.ask("List", Empty(), broker_api.Sessions)
    assert [one.get("session") for one in messages] == [first, None]


def test_a_bug_while_a_session_opens_is_found_by_it(
    scene: Scene, messages: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(command: Command) -> None:
        opening.append(scene.broker._slots.all()[0].identifier)
        _broken(command)

    opening: list[str] = []
    monkeypatch.setattr("tests.session.standins.StandInKeeper.execute", lambda _, one: broken(one))
    with pytest.raises(CallError, match="Bug"):
        scene.ask("Open", broker_api.Open("anna", "1234"), broker_api.Opened)
    assert {one.get("session") for one in messages} == {opening[0]}


def test_a_bug_in_the_watch_is_found_by_the_session(
    scene: Scene, messages: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, second = scene.open(), scene.open()
    messages.clear()
    monkeypatch.setattr(second[1], "is_gone", _broken)
    scene.broker.tick()
    assert {one.get("session") for one in messages} == {second[0]}
    around = replace(scene.broker._environment, local_time=_broken)
    scene.broker._watch._environment = around
    scene.broker.tick()
    assert messages[-1].get("session") is None  # what is about no session names none


def test_what_follows_a_worker_is_about_its_session(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[str | None] = []
    reports = WorkerControl.reports

    def noted(worker: WorkerControl) -> Iterator[int]:
        names.append(journal._session.get())
        yield from reports(worker)

    monkeypatch.setattr(WorkerControl, "reports", noted)
    session, _ = scene.open()
    until(lambda: names == [session])
