"""Those who look and work on nothing: an auditor, an administrator. Neither has a session."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from appliance.kiosk.calls.refusal import Refusal
from appliance.kiosk.models.audit import Audit
from appliance.kiosk.models.bar import Bar
from appliance.kiosk.models.login import Login, Task
from appliance.kiosk.models.machine import Machine
from appliance.kiosk.models.shared import Shared
from appliance.kiosk.visit.state import VIEWS, Screen, Step

OVER: Final = Refusal("view-over")
"""Why a view is closed: the token was pulled, its time is over, or nothing was done for long."""

_IDLE = 600.0  # seconds, after which what an administrator sees is taken away


class Views:
    """Lets them in, and notices when it is over."""

    def __init__(self, shared: Shared, bar: Bar, audit: Audit, machine: Machine) -> None:
        self._shared = shared
        self._bar = bar
        self._audit = audit
        self._machine = machine
        self._tokens = 0
        self._plugged = 0
        self._used = 0.0
        self._over: Callable[[Refusal], None] = lambda _: None

    def report_to(self, over: Callable[[Refusal], None]) -> None:
        """Have ``over`` called with a code when a view has ended by itself."""
        self._over = over
        self._audit.line.over = over

    def enter(self, task: Task, user: str, pin: str, login: Login) -> None:
        """Log in for ``task``, which is none in a session."""
        self._tokens = self._plugged
        self._used = time.monotonic()

        def entered(role: str, step: Step) -> None:
            if self._shared.place.state.screen is not Screen.LOGIN:  # the token was pulled again
                self._audit.forget()
                self._machine.forget()
                return
            login.forget()
            self._bar.show(who=user, role=role, minutes=-1)
            self._shared.place.go(step)

        if task == "audit":
            self._audit.line.open(user, pin, lambda: entered("auditor", Step.AUDITS), login.refused)
        else:
            self._machine.open(
                user, pin, lambda: entered("administrator", Step.ADMINISTERS), login.refused
            )

    @property
    def is_there(self) -> bool:
        """Whether somebody looks."""
        return self._shared.place.state.screen in VIEWS

    def touch(self) -> None:
        """The person does something."""
        self._used = time.monotonic()
        if self.is_there:
            self._audit.line.still_here()

    def pass_time(self) -> None:
        """Called once in a while: who has left the screen does not leave it to the next one."""
        if self.is_there and time.monotonic() - self._used > _IDLE:
            self._over(OVER)

    def count_tokens(self, plugged: int) -> None:
        """So many tokens are plugged in: with one less, the administrator may be gone."""
        self._plugged = plugged
        if self.is_there and plugged < self._tokens and not self._audit.line.is_open:
            self._over(OVER)
