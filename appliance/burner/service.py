"""What the burner answers: one disc at a time, from a folder that it is given a descriptor of."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Mapping
from threading import Lock
from types import MappingProxyType
from typing import Final

from appliance.burner.burn import Progress, burn
from appliance.burner.medium import Medium
from appliance.burner.problem import DiscError, Reason, SpoiledError
from appliance.burner.xorriso import XORRISO
from appliance.diagnostics.process_log import report_bug
from appliance.protocols import burner_api as api
from appliance.wire.message import CallError
from appliance.wire.service import Answer, Method, Request, Service

_ERRORS: Mapping[Reason, str] = MappingProxyType(
    {
        "folder": "BadFolder",
        "program": "NoProgram",
        "no-drive": "NoDrive",
        "not-blank": "NotBlank",
        "rewritable": "Rewritable",
        "too-small": "TooSmall",
    }
)
_STEP: Final = 0.01  # of the work, between two answers
_LONGEST_SILENCE: Final = 1.0  # seconds


class Burner:
    """``drive`` finds the drive at each call, and raises ``DiscError`` if there is none."""

    def __init__(self, drive: Callable[[], Medium], program: str = XORRISO) -> None:
        self._drive = drive
        self._program = program
        self._busy = Lock()

    def service(self, users: frozenset[int] | None = None) -> Service:
        """The interface of the burner, for callers with these user ids."""
        methods = {"Burn": Method(api.Burn, self._burn, users, descriptors=1)}
        return Service(api.NAME, api.DESCRIPTION, methods, report_bug)

    def _burn(self, request: Request[api.Burn]) -> Answer:
        if len(request.descriptors) != 1:
            raise CallError(api.error_name("NoDescriptor"))
        if not self._busy.acquire(blocking=False):
            raise CallError(api.error_name("Busy"))
        try:
            return self._burned(request, request.descriptors[0])
        except DiscError as refused:
            details = api.TooSmall(refused.needed, refused.free)
            name = api.error_name(_ERRORS[refused.reason])
            raise (
                CallError(name, details) if refused.reason == "too-small" else CallError(name)
            ) from refused
        except SpoiledError as spoiled:
            raise CallError(api.error_name("Failed"), api.Failed(spoiled.stage)) from spoiled
        finally:
            self._busy.release()

    def _burned(self, request: Request[api.Burn], folder: int) -> Answer:
        if not stat.S_ISDIR(os.fstat(folder).st_mode):
            raise CallError(api.error_name("BadFolder"))
        burned = burn(
            folder,
            self._drive(),
            request.parameters.label,
            request.parameters.date,
            progress=_in_steps(request),
            program=self._program,
        )
        return Answer(api.Burning(1.0, burned.sha256, burned.size))


def _in_steps(request: Request[api.Burn]) -> Progress:
    """Answers that it goes on, by the percent or second. Raises ``WireError`` if nobody listens.

    By the second too, since who hangs up waits for the folder to be let go of.
    """
    said, at = 0.0, time.monotonic()

    def progress(done: float) -> None:
        nonlocal said, at
        if done >= said + _STEP or time.monotonic() >= at + _LONGEST_SILENCE:
            said, at = done, time.monotonic()
            request.progress(api.Burning(min(1.0, done)))

    return progress
