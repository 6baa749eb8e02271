"""Files from the disc reader to the worker, one after the other. Without a state of its own."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable

from appliance.kiosk.calls.caller import Caller
from appliance.kiosk.calls.refusal import Refusal
from appliance.kiosk.models.shared import Shared
from appliance.protocols import disc_api, worker_api
from appliance.wire.client import Client

_MOST_FILES = 1000  # that are listed


class Intake:
    """``imported`` or ``not_taken`` is called with the number of each file.

    ``role``: what they are for. ``consent``: gives the reference of who they show, or nothing. A
    file is opened once the one before it is imported, since the drive is busy until then.
    """

    def __init__(
        self,
        shared: Shared,
        imported: Callable[[int, worker_api.Imported], object],
        not_taken: Callable[[int, Refusal], object],
        role: worker_api.Role = "target",
        consent: Callable[[], str] | None = None,
    ) -> None:
        self._shared = shared
        self._imported, self._not_taken = imported, not_taken
        self._role: worker_api.Role = role
        self._consent = consent or (lambda: shared.visit.consent)
        self._waiting: deque[int] = deque()
        self._now: int | None = None
        self._disc: Caller | None = None
        if shared.services.disc is not None:
            self._disc = shared.services.caller(shared.services.disc)

    def list_files(
        self,
        listed: Callable[[list[disc_api.File]], object],
        failed: Callable[[Refusal], object],
    ) -> None:
        """Read the disc in the drive."""
        if self._disc is not None:
            self._disc.ask(_all_files, listed, failed)

    def take(self, number: int) -> None:
        """Import this file after those that were asked for before."""
        self._waiting.append(number)
        if self._now is None:
            self._next()

    def stop(self) -> None:
        """Take none of those that wait; what comes of the present one is dropped."""
        self._waiting.clear()
        self._now = None

    def drop_waiting(self) -> None:
        """Take none of those that wait; the present one goes on, or is stopped by the worker."""
        self._waiting.clear()

    def _next(self) -> None:
        self._now = self._waiting.popleft() if self._waiting else None
        number, disc = self._now, self._disc
        if number is None or disc is None:
            return

        def failed(why: Refusal) -> None:
            if self._now == number:
                self._not_taken(number, why)
                self._next()

        def opened(answer: tuple[int, int]) -> None:
            size, descriptor = answer
            if self._now != number or not self._shared.connected:
                os.close(descriptor)
                return
            self._import(number, size, descriptor, failed)

        disc.ask(lambda client: _open(client, number), opened, failed)

    def _import(
        self, number: int, size: int, descriptor: int, failed: Callable[[Refusal], object]
    ) -> None:
        consent = self._consent() or None

        def import_it(client: Client) -> worker_api.Imported:
            try:
                return client.call(
                    f"{worker_api.NAME}.Import",
                    worker_api.Import(self._role, consent, size, "disc"),
                    gives=worker_api.Imported,
                    descriptors=[descriptor],
                )[0]
            finally:
                os.close(descriptor)

        def done(answer: worker_api.Imported) -> None:
            if self._now == number:
                self._imported(number, answer)
                self._next()

        self._shared.worker.ask(import_it, done, failed)


def _all_files(client: Client) -> list[disc_api.File]:
    found: list[disc_api.File] = []
    after: int | None = None
    while len(found) < _MOST_FILES:
        answer, _ = client.call(f"{disc_api.NAME}.List", disc_api.List(after), gives=disc_api.Files)
        found += answer.files
        if not answer.more or not answer.files:
            break
        after = answer.files[-1].number
    return found


def _open(client: Client, number: int) -> tuple[int, int]:
    """Its size in bytes, and its descriptor."""
    answer, descriptors = client.call(
        f"{disc_api.NAME}.Open", disc_api.Open(number), gives=disc_api.Opened, attached=1
    )
    return answer.size, descriptors[0]
