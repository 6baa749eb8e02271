"""One connection to a service, on a thread of its own: a slow service never stops the window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from queue import SimpleQueue
from threading import Lock, Thread
from typing import TypeAlias, TypeVar

from appliance.errors import ApplianceError, WireError
from appliance.kiosk.bugs import report_bug
from appliance.kiosk.calls.refusal import Refusal, refusal_of
from appliance.wire.client import Client
from appliance.wire.message import CallError

T = TypeVar("T")
U = TypeVar("U")
Deliver: TypeAlias = Callable[[Callable[[], object]], None]
"""Has a function called on the window's thread; from any thread."""

Failed: TypeAlias = Callable[[Refusal], object]


class Caller:
    """Calls of one service, one after the other. All methods are for the window's thread.

    ``connect`` is called when it is first needed and after the connection broke; it raises
    ``WireError``. Answers to what was asked before ``close`` are dropped.
    """

    def __init__(self, connect: Callable[[], Client], deliver: Deliver) -> None:
        self._connect = connect
        self._deliver = deliver
        self._asked: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._client: Client | None = None
        self._changing = Lock()
        self._closed = False
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def ask(self, work: Callable[[Client], T], done: Callable[[T], object], failed: Failed) -> None:
        """Have ``work`` done with the connection; then ``done`` or ``failed`` is called."""
        self._asked.put(lambda: self._answer(work, done, failed))

    def follow(
        self,
        work: Callable[[Client], Iterator[T]],
        each: Callable[[T], object],
        done: Callable[[], object],
        failed: Failed,
    ) -> None:
        """As ``ask``, with ``each`` called for every answer before ``done``."""

        def all_of(client: Client) -> None:
            for one in work(client):
                self._tell(each, one)

        self.ask(all_of, lambda _: done(), failed)

    def close(self) -> None:
        """Hang up, also while a call waits for its answer."""
        self._closed = True
        self._asked.put(None)
        with self._changing:
            if self._client is not None:
                self._client.hang_up()

    def _run(self) -> None:
        while (task := self._asked.get()) is not None:
            task()
        self._drop()

    def _answer(
        self, work: Callable[[Client], T], done: Callable[[T], object], failed: Failed
    ) -> None:
        try:
            value = work(self._connected())
        except WireError as gone:
            self._drop()
            self._tell(failed, refusal_of(gone))
        except (ApplianceError, CallError) as refused:
            self._tell(failed, refusal_of(refused))
        except Exception as bug:  # noqa: BLE001 - a bug in one call must not end the thread
            report_bug(bug)
            self._drop()
            self._tell(failed, Refusal("bug"))
        else:
            self._tell(done, value)

    def _tell(self, whom: Callable[[T], object], what: T) -> None:
        def call() -> None:
            if not self._closed:
                whom(what)

        self._deliver(call)

    def _connected(self) -> Client:
        if self._client is not None:
            if not self._client.has_hung_up():
                return self._client
            self._drop()  # the service ended since, and may have been started again
        # Outside of the lock: it may wait for long, and ``close`` must not.
        client = None if self._closed else self._connect()
        with self._changing:
            if client is not None and not self._closed:
                self._client = client
                return client
        if client is not None:
            client.close()
        raise WireError("The connection was closed.", "Open another one.")

    def _drop(self) -> None:
        with self._changing:
            client, self._client = self._client, None
        if client is not None:
            with suppress(OSError):
                client.close()


class Latest:
    """Of many wishes for one thing, such as those of a slider, the last one is fulfilled.

    One is under way at a time; of those that come meanwhile only the latest is kept.
    """

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._under_way = False
        self._next: Callable[[], None] | None = None

    def ask(self, work: Callable[[Client], T], done: Callable[[T], object], failed: Failed) -> None:
        """As ``Caller.ask``, unless another wish comes before this one is begun."""

        def begin() -> None:
            self._under_way = True
            self._caller.ask(work, then(done), then(failed))

        def then(act: Callable[[U], object]) -> Callable[[U], object]:
            def acted(value: U) -> None:
                self._under_way = False
                try:
                    act(value)
                finally:
                    following, self._next = self._next, None
                    if following is not None and not self._under_way:
                        following()

            return acted

        if self._under_way:
            self._next = begin
        else:
            begin()
