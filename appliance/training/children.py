"""The processes that a training machine starts, and starts again where they end by themselves."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from appliance.errors import SessionError

_MOST_STARTS = 5  # within
_SPAN = 20.0  # seconds


@dataclass(frozen=True, slots=True)
class Program:
    """What is started. ``restarts``: whether it is started again when it has ended.

    ``environment``: all its variables. ``pass_fds``: descriptors that it gets.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)
    pass_fds: tuple[int, ...] = ()
    restarts: bool = True


class Child:
    """One process of a program, after the other."""

    def __init__(self, program: Program) -> None:
        """Start it. Raises ``SessionError``."""
        self.program = program
        self._starts: list[float] = []
        self.start()

    def start(self) -> None:
        """Start it, again. Raises ``SessionError`` if it ends again and again."""
        now = time.monotonic()
        self._starts = [at for at in self._starts if now - at < _SPAN] + [now]
        if len(self._starts) > _MOST_STARTS:
            raise SessionError(
                f"The {self.program.name} ends again and again.", "See what it wrote above."
            )
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                self.program.command,
                stdin=subprocess.DEVNULL,
                env=self.program.environment,
                pass_fds=self.program.pass_fds,
                process_group=0,  # Ctrl-C is for the machine, which ends them in order
            )
            self.ends = os.pidfd_open(self._process.pid)  # readable once it has ended
        except OSError as error:
            raise SessionError(
                f"The {self.program.name} cannot be started.", "Free some memory, then try again."
            ) from error

    @property
    def process_id(self) -> int:
        """Of the process that runs now."""
        return self._process.pid

    @property
    def code(self) -> int:
        """The exit code once it has ended, negative for a signal."""
        return self._process.wait()

    def ask_to_end(self) -> None:
        """Send it SIGTERM, if it runs."""
        self._process.send_signal(signal.SIGTERM)

    def end(self, patience: float = 0.0) -> None:
        """Wait for its end for so many seconds, then kill it. May be repeated."""
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self.ends >= 0:
            os.close(self.ends)
        self.ends = -1
