"""The processes of one worker: frozen, thawed and killed together, as a control group would be."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from appliance.errors import SessionError
from appliance.seal.libc import PR_SET_CHILD_SUBREAPER, prctl

_PROC = Path("/proc")
_PATIENCE = 5.0  # seconds that a signal may take
_LOOK = 0.01  # seconds between two looks
_STOPPED, _ENDED = "T", "ZX"  # states of processes in proc(5)


def adopt_orphans() -> None:
    """From here on, what a worker leaves behind becomes a child of this process (prctl(2))."""
    prctl(PR_SET_CHILD_SUBREAPER, 1)


class ProcessGroup:
    """A process, and those that it starts, which cannot leave its group once they are sealed."""

    def __init__(self, leader: subprocess.Popen[bytes]) -> None:
        self._leader = leader

    @classmethod
    def start(
        cls, command: Sequence[str], pass_fds: Sequence[int], environment: Mapping[str, str]
    ) -> Self:
        """Start ``command`` in a group of its own. Raises ``OSError``."""
        return cls(
            subprocess.Popen(  # noqa: S603 - our own module
                command,
                stdin=subprocess.DEVNULL,
                pass_fds=pass_fds,
                env=environment,
                process_group=0,
            )
        )

    def freeze(self) -> None:
        """Stop all; raises ``SessionError`` if the first process has ended, or one goes on."""
        self._signal(signal.SIGSTOP)
        until = time.monotonic() + _PATIENCE
        while self._leader.poll() is not None or not self._is_stopped():
            if self._leader.returncode is not None or time.monotonic() > until:
                raise SessionError("The worker cannot be frozen.", "End it.")
            time.sleep(_LOOK)

    def thaw(self) -> None:
        """Let all go on; raises ``SessionError`` if there are none."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """Kill all, frozen or not; raises ``SessionError`` if one is left."""
        until = time.monotonic() + _PATIENCE
        while not self._is_gone():
            with suppress(SessionError):
                self._signal(signal.SIGKILL)
            if time.monotonic() > until:
                raise SessionError("A process of the worker outlived it.", "Restart the machine.")
            time.sleep(_LOOK)

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self._leader.pid, number)
        except ProcessLookupError as error:
            raise SessionError("The worker has ended.", "Attach again.") from error

    def _is_stopped(self) -> bool:
        """Whether all that have not ended are stopped: a signal reaches one after the other."""
        return set(_states_of(self._leader.pid)) <= {*_STOPPED, *_ENDED}

    def _is_gone(self) -> bool:
        """Whether all have ended; those that have are taken off the kernel's list."""
        if self._leader.poll() is None:
            return False
        try:
            while os.waitpid(-self._leader.pid, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return not self._has_members()
        return False

    def _has_members(self) -> bool:
        try:
            os.killpg(self._leader.pid, 0)
        except ProcessLookupError:
            return False
        return True


def _states_of(group: int) -> Iterator[str]:
    """The state of each process in ``group``, as proc(5) has it behind the name."""
    for entry in _PROC.iterdir():
        with suppress(OSError):  # it has ended
            if entry.name.isdecimal():
                # As bytes: a process chooses its name.
                state, _, own = (entry / "stat").read_bytes().rpartition(b")")[2].split()[:3]
                if int(own) == group:
                    yield state.decode()
