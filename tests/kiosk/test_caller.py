"""Calls off the window's thread: whatever a service or a call does, the thread goes on."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from functools import partial
from queue import Empty as NothingYet
from queue import SimpleQueue
from typing import Any

import pytest

from appliance.errors import WireError
from appliance.kiosk.calls.caller import Caller, Latest
from appliance.kiosk.calls.refusal import Refusal
from appliance.wire.client import Client
from appliance.wire.connection import Connection
from appliance.wire.message import Empty

_LONG = 60.0  # seconds; only a hang waits for so long


def _give(number: int, _: Client) -> int:
    return number


class Window:
    """Stands in for the window's thread."""

    def __init__(self) -> None:
        self._posted: SimpleQueue[Any] = SimpleQueue()
        self.got: list[Any] = []

    def deliver(self, act: Any) -> None:
        self._posted.put(act)

    def next(self) -> Any:
        """What comes next, waited for."""
        count = len(self.got)
        while len(self.got) == count:
            self._posted.get(timeout=_LONG)()
        return self.got[-1]

    def is_idle(self) -> bool:
        """Whether nothing was posted."""
        try:
            self._posted.get_nowait()()
        except NothingYet:
            return True
        return False


@pytest.fixture
def window() -> Window:
    return Window()


@pytest.fixture
def caller(window: Window) -> Iterator[Caller]:
    ends: list[socket.socket] = []

    def connect() -> Client:
        ours, theirs = socket.socketpair()
        ends.append(theirs)
        return Client(Connection(ours))

    made = Caller(connect, window.deliver)
    yield made
    made.close()
    for end in ends:
        end.close()


def test_a_bug_in_a_call_does_not_end_the_thread(
    caller: Caller, window: Window, reports: list[str]
) -> None:
    def broken(_: Client) -> None:
        raise ValueError("Erika Mustermann")

    caller.ask(broken, window.got.append, window.got.append)
    assert window.next() == Refusal("bug")
    caller.ask(lambda _: 7, window.got.append, window.got.append)
    assert window.next() == 7
    assert reports == ["ValueError"]


def test_of_many_wishes_the_last_is_fulfilled_also_after_a_bug(
    caller: Caller, window: Window
) -> None:
    latest, may = Latest(caller), threading.Event()

    def wait(_: Client) -> int:
        may.wait(_LONG)
        return 0

    def broken(_: object) -> None:
        window.got.append("broken")
        raise ValueError("Erika Mustermann")

    latest.ask(wait, broken, window.got.append)
    for number in range(1, 10):
        latest.ask(partial(_give, number), window.got.append, window.got.append)
    may.set()
    with pytest.raises(ValueError, match="Erika"):
        window.next()
    assert window.next() == 9
    assert window.is_idle()


def test_a_service_that_was_started_again_is_called_at_once(window: Window) -> None:
    ends: list[socket.socket] = []

    def connect() -> Client:
        ours, theirs = socket.socketpair()
        ends.append(theirs)
        return Client(Connection(ours))

    caller = Caller(connect, window.deliver)
    caller.ask(lambda client: client, window.got.append, window.got.append)
    first = window.next()
    ends[0].close()
    caller.ask(lambda client: client, window.got.append, window.got.append)
    assert window.next() is not first
    assert len(ends) == 2
    caller.close()
    ends[1].close()


def test_closing_does_not_wait_for_a_service_that_lets_nobody_in(window: Window) -> None:
    begun, may = threading.Event(), threading.Event()

    def connect() -> Client:
        begun.set()
        may.wait(_LONG)
        raise WireError("Nobody is there.", "Wait.")

    caller = Caller(connect, window.deliver)
    caller.ask(lambda _: 1, window.got.append, window.got.append)
    assert begun.wait(_LONG)
    closing = threading.Thread(target=caller.close, daemon=True)
    closing.start()
    closing.join(_LONG)
    assert not closing.is_alive()
    may.set()


def test_what_comes_after_closing_is_dropped(window: Window) -> None:
    ours, theirs = socket.socketpair()
    caller = Caller(lambda: Client(Connection(ours)), window.deliver)
    caller.ask(lambda client: client.call("io.example.Any", gives=Empty), print, print)
    assert theirs.recv(10)
    caller.ask(lambda _: 1, window.got.append, window.got.append)
    caller.close()
    assert theirs.recv(1 << 16) is not None
    while threads := [one for one in threading.enumerate() if one is caller._thread]:
        threads[0].join(_LONG)
    window.is_idle()
    assert window.got == []
    theirs.close()
