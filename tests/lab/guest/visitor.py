"""A person at the machine: a token in the hand, and calls to the broker."""

from __future__ import annotations

import json
import os
import pty
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from appliance.audit.tlog.tiles import WIDTH
from appliance.protocols import broker_api
from appliance.protocols import worker_api as worker
from appliance.wire.client import Client
from appliance.wire.message import CallError, Empty

S = TypeVar("S", bound=msgspec.Struct)

PIN = "482913"
HANG = 900.0
"""Seconds after which what did not come to pass never will: a busy machine may be very slow."""
SOCKET = Path("/run/appliance/session.sock")
TOUCH = Path("/run/token-touch")
# Of the sessions that were opened here, whoever asked.
HANDLES: dict[str, str] = {}


def shell(command: str, *, check: bool = True) -> str:
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


def until(what: Callable[[], object], seconds: float = HANG) -> None:
    """Wait for ``what``; ``seconds`` are given where it is promised by then."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.05)


class Token:
    """A security key that can be plugged in, touched and pulled; ``name``: of a second one."""

    def __init__(self, name: str = "") -> None:
        self._name = [name] if name else []
        self._touch = Path("-".join((str(TOUCH), *self._name)))
        self._process: subprocess.Popen[bytes] | None = None

    def plug_in(self) -> None:
        before = set(Path("/dev").glob("hidraw*"))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.lab.guest.fido_token", PIN, *self._name],
            stdout=subprocess.DEVNULL,
        )
        until(lambda: set(Path("/dev").glob("hidraw*")) - before)
        shell("udevadm settle")

    def pull(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def finger(self, *, on: bool) -> None:
        self._touch.touch() if on else self._touch.unlink(missing_ok=True)


class Broker:
    """The broker as a client sees it."""

    def __init__(self) -> None:
        self._client = Client.to(SOCKET)

    def ask(self, method: str, parameters: msgspec.Struct, gives: type[S]) -> tuple[S, list[int]]:
        attached = int(gives is broker_api.Opened)  # the connection to the worker
        return self._client.call(
            f"{broker_api.NAME}.{method}", parameters, gives=gives, attached=attached
        )

    def open(
        self, user: str = "anna", pin: str = PIN, project: str | None = None
    ) -> tuple[str, int]:
        return self._log_in("Open", broker_api.Open(user, pin, project))

    def reopen(self, session: str, user: str = "anna", pin: str = PIN) -> int:
        return self._log_in("Reopen", broker_api.Reopen(session, user, pin))[1]

    def _log_in(self, method: str, wanted: msgspec.Struct) -> tuple[str, int]:
        opened, (worker,) = self.ask(method, wanted, broker_api.Opened)
        HANDLES[opened.session] = opened.handle
        return opened.session, worker

    def act(self, method: str, session: str) -> None:
        self.ask(method, _ref(session), Empty)

    def close(self, session: str) -> broker_api.Erasure:
        closed, _ = self.ask("Close", _ref(session), broker_api.Closed)
        return closed.erasure

    def states(self) -> dict[str, str]:
        sessions, _ = self.ask("List", Empty(), broker_api.Sessions)
        return {str(one.session): one.state for one in sessions.sessions}

    def attach(self, session: str) -> int:
        _, (worker,) = self.ask("Attach", _ref(session), broker_api.Opened)
        return worker

    def has_worker(self, session: str) -> bool:
        sessions, _ = self.ask("List", Empty(), broker_api.Sessions)
        return {one.session: one.worker for one in sessions.sessions}[session]

    def reconnect(self) -> None:
        self._client.close()
        self._client = Client.to(SOCKET)

    def hang_up(self) -> None:
        self._client.close()


def _ref(session: str) -> broker_api.SessionRef:
    """Of a session whose handle was not given out, that of none."""
    return broker_api.SessionRef(HANDLES.get(session, "0" * 64))


def end_all_sessions() -> None:
    """Close what is open; what cannot be closed ends with the broker."""
    asking = Broker()
    try:
        for session in asking.states():
            asking.close(session)
    except CallError:
        restart_broker()
    finally:
        asking.hang_up()


def register(user: str) -> str:
    """The line for pam_u2f. pamu2fcfg asks for the PIN on a terminal, and throws away what is
    typed before it asks."""
    command = ["pamu2fcfg", "-u", user, "-o", "pam://appliance", "-i", "pam://appliance", "-N"]
    process, terminal = pty.fork()
    if not process:
        os.execvp(command[0], command)
    said = b""
    with suppress(OSError):  # the terminal ends with the program
        while b"PIN" not in said:
            said += os.read(terminal, 1024)
        os.write(terminal, f"{PIN}\n".encode())
        while chunk := os.read(terminal, 1024):
            said += chunk
    os.waitpid(process, 0)
    os.close(terminal)
    lines = [line for line in said.decode().splitlines() if line.startswith(f"{user}:")]
    assert lines, said
    return lines[0]


def refusal(act: Callable[[], object]) -> str:
    """The name of the error that the service answers, and the reason if it gives one."""
    with pytest.raises(CallError) as caught:
        act()
    return caught.value.error.rpartition(".")[2]


def restart_broker() -> None:
    """Its memory of failures is gone with it."""
    shell("systemctl restart appliance-broker.service")


def all_events() -> list[dict[str, Any]]:
    """The events of the ledger, in order, as its tiles hold them; ``mono``: when, in ms."""
    entry = re.compile(rb'"event":\{(.*?)\},("mono":\d+)')
    while True:
        with suppress(FileNotFoundError):  # replaced by a wider one since it was listed
            logged = b"".join(tile.read_bytes() for tile in _tiles_of_entries())
            return [json.loads(b"{%b,%b}" % parts) for parts in entry.findall(logged)]


def _tiles_of_entries() -> list[Path]:
    """All tiles of entries in order, of the last one its widest part: an older may lie there."""
    widest: dict[str, tuple[int, Path]] = {}
    for path in Path("/var/lib/appliance-audit/ledger/tile/entries").rglob("*"):
        part = path.parent.suffix == ".p"
        if not (path.name.isdecimal() and path.is_file()):
            continue
        tile = str(path.parent.with_suffix("") if part else path)
        width = int(path.name) if part else WIDTH
        widest[tile] = max(widest.get(tile, (0, path)), (width, path))
    return [path for _, (_, path) in sorted(widest.items())]


def verify_the_ledger(options: str = "") -> str:
    """What ``appliance audit verify`` says of it; it fails if a thing is wrong."""
    ledger = "/var/lib/appliance-audit/ledger --anchor /var/lib/appliance-audit-anchor/checkpoint"
    return shell(f"python3 -m appliance.cli.main audit verify --ledger {ledger} {options}")


def ledger_kinds(session: str) -> list[str]:
    """The kinds of the events of a session, in order."""
    return [event["kind"] for event in all_events() if event.get("session") == session]


def connection(descriptor: int) -> socket.socket:
    """The connection behind a descriptor that the broker handed over."""
    return socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=descriptor)


@dataclass(frozen=True)
class Said:
    """What a command printed, and whether it succeeded."""

    ok: bool
    said: str


def main_process(unit: str) -> int:
    """Its id; 0 where the unit does not run."""
    return int(shell(f"systemctl show -P MainPID {unit}"))


def nothing_is_left() -> None:
    """No mapping, loop device, mount, file or process of any session."""
    assert shell("dmsetup ls") == "No devices found"
    assert shell("losetup -a") == ""
    assert "appliance/workspace" not in Path("/proc/mounts").read_text()
    for folder in ("workspace", "open"):
        path = Path("/var/lib/appliance") / folder
        assert not path.exists() or not list(path.iterdir())
    users = ",".join(f"appliance-w{number}" for number in range(8))
    assert shell(f"pgrep -l -u {users}", check=False) == ""


def take_in(client: Client, photo: Path) -> int:
    """Hand a photo to a worker; its number there."""
    with photo.open("rb") as file:
        taken, _ = client.call(
            f"{worker.NAME}.Import",
            worker.Import("source", "form 1"),
            gives=worker.Imported,
            descriptors=[file.fileno()],
        )
    return taken.item


def inside_worker(slot: str, command: str) -> Said:
    """Run a command as the user of a worker, in its view of files, processes and network."""
    process = main_process(f"appliance-worker@{slot}.service")
    enter = f"nsenter --target {process} --mount --net --pid --ipc --uts"
    user = f"setpriv --reuid appliance-{slot} --regid appliance-{slot} --clear-groups"
    done = subprocess.run(
        ["sh", "-c", f"{enter} {user} --bounding-set=-all sh -c '{command}'"],
        capture_output=True,
        text=True,
        check=False,
    )
    return Said(done.returncode == 0, done.stdout)


def worker_runs(slot: str) -> None:
    """Wait until the worker of a slot has started."""
    until(lambda: main_process(f"appliance-worker@{slot}.service"))
