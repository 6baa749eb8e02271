"""The broker's main loop, as systemd's watchdog sees it."""

from __future__ import annotations

from threading import Event, Thread

import pytest

from appliance.session import __main__ as program
from appliance.wire.activation import WATCHDOG_INTERVAL, Watchdog


class _Clock:
    """Advances at each reading by as much as two messages to the watchdog are apart."""

    def __init__(self) -> None:
        self._now = 0.0

    def __call__(self) -> float:
        self._now += WATCHDOG_INTERVAL
        return self._now


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "_TICK", 0.0)


def _messages(rounds: int, *, serving: bool) -> int:
    """How many messages the watchdog gets in so many rounds."""
    stopping, served, messages = Event(), Event(), list[str]()
    thread = Thread(target=served.wait)
    thread.start()
    if not serving:
        served.set()
        thread.join()
    left = iter(range(rounds - 1, -1, -1))

    def one_round() -> None:
        if next(left) == 0:
            stopping.set()

    program._run(one_round, thread, stopping, Watchdog(messages.append, _Clock()))
    served.set()
    thread.join()
    return len(messages)


def test_each_round_is_reported() -> None:
    assert _messages(3, serving=True) == 3


def test_nothing_is_reported_once_no_connection_is_accepted_any_more() -> None:
    assert _messages(3, serving=False) == 0


def test_a_round_that_hangs_is_silence() -> None:
    stopping, hangs, begun, messages = Event(), Event(), Event(), list[str]()

    def one_round() -> None:
        begun.set()
        hangs.wait()
        stopping.set()

    serving = Thread(target=hangs.wait)
    serving.start()
    watchdog = Watchdog(messages.append, _Clock())
    loop = Thread(target=program._run, args=(one_round, serving, stopping, watchdog))
    loop.start()
    begun.wait()
    assert messages == []
    hangs.set()
    loop.join()
    serving.join()


def test_a_round_that_fails_is_silence_and_another_follows() -> None:
    stopping, served, messages = Event(), Event(), list[str]()
    serving = Thread(target=served.wait)
    serving.start()
    outcomes = [ValueError("a bug"), None]

    def one_round() -> None:
        if len(outcomes) == 1:
            stopping.set()
        outcome = outcomes.pop(0)
        if outcome is not None:
            raise outcome

    program._run(one_round, serving, stopping, Watchdog(messages.append, _Clock()))
    served.set()
    serving.join()
    assert (outcomes, len(messages)) == ([], 1)
