"""``python -m appliance.training.keeper``: hold one session, without root, for one broker.

It obeys the commands of ``appliance.keeper`` with what a user has: the workspace is a folder in
memory, the worker a group of processes. As with that keeper, to hang up means to wipe.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import secrets
import select
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from appliance.errors import SessionError
from appliance.keeper.protocol import UNKNOWN_KEY, Command, Erasure, StepName
from appliance.training.group import ProcessGroup, adopt_orphans
from appliance.training.place import Place, remove
from appliance.training.tied import tied

_MAX_COMMAND = 16  # bytes


@dataclass
class Holding:
    """What is held of the session in ``slot``. ``program``: the worker's module and options."""

    place: Place
    slot: str
    program: Sequence[str]
    key_id: str = UNKNOWN_KEY
    listener: socket.socket | None = None
    _worker: ProcessGroup | None = field(default=None, repr=False)

    @property
    def workspace(self) -> Path:
        """The folder of the session."""
        return self.place.workspaces / self.slot

    @property
    def _socket(self) -> Path:
        return self.place.workers / f"{self.slot}.sock"

    def make(self) -> None:
        """Make the workspace; raises ``OSError``."""
        self.workspace.mkdir(mode=0o700)
        self.key_id = hashlib.sha256(secrets.token_bytes(16)).hexdigest()

    def start(self) -> None:
        """Listen for the broker, for whom a worker is started; raises ``OSError``."""
        self.kill()
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(os.fspath(self._socket))
        self.listener.listen(1)

    def accept(self) -> None:
        """Start the worker of the connection that has come; there will be no other."""
        if self.listener is None:
            return
        connection, _ = self.listener.accept()
        self._hide()
        with connection:
            options = (*self.program[1:], "--workspace", os.fspath(self.workspace))
            descriptor = connection.fileno()
            started = tied(self.program[0], *options, "--socket", str(descriptor))
            self._worker = ProcessGroup.start(started, (descriptor,), os.environ)

    def freeze(self) -> None:
        """Stop the worker; raises ``SessionError`` if that cannot be done."""
        self._group().freeze()

    def thaw(self) -> None:
        """Let the worker go on; raises ``SessionError`` if there is none."""
        self._group().thaw()

    def kill(self) -> None:
        """Kill the worker, if there is one; raises ``SessionError`` if a process is left."""
        self._hide()
        if self._worker is not None:
            self._worker.kill()
            self._worker = None

    def wipe(self) -> Erasure:
        """Kill the worker, remove the workspace and look for it. Failures are in the result."""
        started = time.monotonic()
        failed: list[StepName] = []
        steps: tuple[tuple[StepName, Callable[[], None]], ...] = (
            ("kill", self.kill),
            ("discard", lambda: remove(self.workspace)),
            ("probe", self._look),
        )
        for name, act in steps:
            try:
                act()
            except (SessionError, OSError):
                failed.append(name)
        ms = round((time.monotonic() - started) * 1000)
        # Without canaries, as any workspace in memory: nothing could look for them afterwards.
        return Erasure(self.key_id, 0, 0, ms, "memory-dropped", failed[0] if failed else None)

    def _look(self) -> None:
        """Raises ``SessionError`` if a file of the session is left, or its worker."""
        if self.workspace.exists() or self._socket.exists() or self._worker is not None:
            raise SessionError("Something of the session is left.", "Restart the machine.")

    def _group(self) -> ProcessGroup:
        if self._worker is None:
            raise SessionError("The worker has not started.", "End it.")
        return self._worker

    def _hide(self) -> None:
        if self.listener is not None:
            self.listener.close()
        self.listener = None
        self._socket.unlink(missing_ok=True)


def keep(caller: socket.socket, held: Holding) -> bool:
    """Execute the commands of ``caller`` until it hangs up, then wipe.

    Returns whether nothing is left. An unknown command counts as hanging up.
    """
    actions: dict[bytes, Callable[[], Erasure | None]] = {
        Command.MAKE.value: held.make,
        Command.START.value: held.start,
        Command.FREEZE.value: held.freeze,
        Command.THAW.value: held.thaw,
        Command.KILL.value: held.kill,
        Command.WIPE.value: held.wipe,
    }
    with suppress(OSError):  # the broker died before it received the answer
        while (action := actions.get(_next(caller, held))) is not None:
            caller.send(json.dumps(_execute(action)).encode())
    return held.wipe().failed is None


def _next(caller: socket.socket, held: Holding) -> bytes:
    """The next command of ``caller``; meanwhile a worker is started, if it is asked for."""
    while True:
        waiting: list[socket.socket] = [caller]
        if held.listener is not None:
            waiting.append(held.listener)
        ready, _, _ = select.select(waiting, (), ())
        if caller in ready:
            return caller.recv(_MAX_COMMAND)
        held.accept()


def _execute(action: Callable[[], Erasure | None]) -> dict[str, object]:
    """The answer, as ``appliance.keeper`` gives it."""
    try:
        erasure = action()
    except SessionError as error:
        return {"error": (error.message, error.hint)}
    except OSError as error:
        message = f"The workspace cannot be used ({os.strerror(error.errno or 0)})."
        return {"error": (message, "Close the session and open a new one.")}
    return {"erasure": asdict(erasure)} if erasure else {}


def main() -> int:
    """Serve one caller until it hangs up; returns 0 if nothing of its session is left."""
    parser = argparse.ArgumentParser(prog="training keeper", description=__doc__)
    parser.add_argument("--place", type=Path, required=True, help="folder of the machine")
    parser.add_argument("--slot", required=True, help="name of the slot")
    parser.add_argument("--connection", type=int, required=True, help="descriptor of the broker's")
    parser.add_argument("program", nargs=argparse.REMAINDER, help="module and options of workers")
    options = parser.parse_args()
    adopt_orphans()
    caller = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, fileno=options.connection)
    program = [word for word in options.program if word != "--"]
    return 0 if keep(caller, Holding(Place(options.place), options.slot, program)) else 1


if __name__ == "__main__":
    sys.exit(main())
