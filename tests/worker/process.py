"""A worker as a process of its own, and what tests ask of it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from appliance.audit.entries import events
from appliance.audit.entries.reader import read_lines
from appliance.audit.service.embedded import EmbeddedAudit
from appliance.audit.tlog.reader import Store
from appliance.policy.load import load
from appliance.wire.client import Client
from appliance.wire.message import Refusal
from appliance.worker import interface
from appliance.worker.interface import NAME
from tests.paths import PORTRAITS, REPOSITORY

SESSION = "0123456789abcdef"
# What systemd does: the listening socket is descriptor 3, and LISTEN_PID says whom it is for.
_START = 'exec 3<&"$1"; export LISTEN_PID=$$; shift; exec "$@"'


@dataclass
class Worker:
    process: subprocess.Popen[bytes]
    path: Path
    workspace: Path
    policy: str

    def end(self) -> None:
        self.process.kill()
        self.process.wait()

    def client(self) -> Client:
        return Client.to(self.path)

    def take_in(
        self,
        client: Client,
        file: Path,
        role: str = "target",
        consent: str | None = "form 17",
    ) -> interface.Imported:
        with file.open("rb") as opened:
            answer, _ = client.call(
                f"{NAME}.Import",
                interface.Import(role, consent),  # type: ignore[arg-type]
                gives=interface.Imported,
                descriptors=[opened.fileno()],
            )
        return answer


OPEN = "gate: {same_person: false}\n"


def start(
    folder: Path,
    workspace: Path,
    policy: str = OPEN,
    models: Path = REPOSITORY / "models/starter",
) -> Worker:
    """One that serves ``workspace``, with the packs that are in ``folder``."""
    (folder / "policy.yaml").write_text(policy)
    path = folder / "worker.sock"
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(os.fspath(path))
        listener.listen(16)
        number = str(listener.fileno())
        program = [sys.executable, "-m", "appliance.worker"]
        options = ["--models", str(models), "--workspace", str(workspace)]
        options += ["--policy", str(folder / "policy.yaml"), "--packs", str(folder / "packs")]
        process = subprocess.Popen(
            ["bash", "-c", _START, "bash", number, *program, *options],  # noqa: S607
            pass_fds=(listener.fileno(),),
        )
    return Worker(process, path, workspace, load(folder / "policy.yaml").digest)


def begin(worker: Worker, audit: EmbeddedAudit) -> Client:
    """The broker's own line; it stays open."""
    line = worker.client()
    told = line.follow(
        f"{NAME}.Begin",
        interface.Begin(SESSION, worker.policy),
        gives=interface.Jobs,
        descriptors=[audit.client.fileno()],
    )
    try:
        assert next(told)[0].jobs == 0
    except Refusal:
        line.close()
        raise
    return line


@contextmanager
def working(
    folder: Path, audit: EmbeddedAudit, policy: str = OPEN
) -> Iterator[tuple[Worker, Client]]:
    """A worker that has begun, and a caller."""
    workspace = folder / "workspace"
    workspace.mkdir(exist_ok=True)
    worker = start(folder, workspace, policy)
    try:
        line, client = begin(worker, audit), worker.client()
        yield worker, client
        client.close()
        line.close()
    finally:
        worker.end()


def portrait(name: str) -> Path:
    return PORTRAITS / name


def read_all(descriptor: int) -> bytes:
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def failed(refusal: Refusal) -> interface.Failed:
    """The details of an answer ``Failed``."""
    assert refusal.error == f"{NAME}.Failed"
    details: bytes = refusal.parameters.json  # type: ignore[attr-defined]
    return msgspec.json.decode(details, type=interface.Failed)


def told(ledger: Path) -> list[events.AnyEvent]:
    """All events of a ledger."""
    store = Store(ledger)
    return [line.entry.event for line in read_lines(store, store.checkpoint(store.verifier()))]
