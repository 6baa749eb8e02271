"""The line to the auditor's process, which all screens of an auditor share."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import msgspec

from appliance.kiosk.calls.caller import Caller, Failed
from appliance.kiosk.calls.refusal import Refusal
from appliance.kiosk.calls.services import each_of
from appliance.kiosk.models.shared import Shared
from appliance.protocols import auditor_api as api
from appliance.wire.message import Empty

S = TypeVar("S", bound=msgspec.Struct)

_STILL_HERE = 60.0  # seconds, after which reading what is on the screen counts as use


class AuditLine:
    """``over`` is called, with a code, when the line has ended without this end."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._caller: Caller | None = None
        self._asked = 0.0
        self.over: Callable[[Refusal], object] = lambda _: None

    @property
    def is_open(self) -> bool:
        """Whether an auditor looks."""
        return self._caller is not None

    def open(self, user: str, pin: str, entered: Callable[[], object], refused: Failed) -> None:
        """Log in: then ``entered`` or ``refused`` is called."""
        self.close()
        calling: list[Caller] = []

        def ended() -> None:
            if calling and self._caller is calling[0]:
                self._end()

        def is_refused(why: Refusal) -> None:
            self.close()
            refused(why)

        caller = self._shared.services.auditor(user, pin, ended)
        calling.append(caller)
        self._caller = caller
        self._asked = time.monotonic()
        caller.ask(lambda _: None, lambda _: entered(), is_refused)

    def close(self) -> None:
        """Hang up; what is still answered is dropped."""
        if self._caller is not None:
            self._caller.close()
        self._caller = None

    def still_here(self) -> None:
        """The person does something: ask for something small, lest the auditor's process ends."""
        if time.monotonic() - self._asked > _STILL_HERE:
            self.ask("Days", Empty(), api.Days, lambda _: None, lambda _: None)

    def ask(
        self,
        method: str,
        parameters: msgspec.Struct,
        gives: type[S],
        done: Callable[[S], object],
        failed: Failed,
    ) -> None:
        """One answer; ``failed`` is called before the screen says why."""
        if self._caller is not None:
            self._asked = time.monotonic()
            self._caller.ask(
                lambda client: client.call(f"{api.NAME}.{method}", parameters, gives=gives)[0],
                done,
                self._then(failed),
            )

    def follow(
        self,
        method: str,
        parameters: msgspec.Struct,
        gives: type[S],
        each: Callable[[S], object],
        failed: Failed,
    ) -> None:
        """Answers until the last one; ``failed`` is called before the screen says why."""
        if self._caller is not None:
            self._asked = time.monotonic()
            call = each_of(f"{api.NAME}.{method}", parameters, gives)
            self._caller.follow(call, each, lambda: None, self._then(failed))

    def _then(self, failed: Failed) -> Failed:
        def refused(why: Refusal) -> None:
            failed(why)
            if why.code == "service-gone":
                self._end()
            else:
                self._shared.refuse(why)

        return refused

    def _end(self) -> None:
        self.close()
        self.over(Refusal("view-over"))
