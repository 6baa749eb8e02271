"""A worker process, and the calls that tests make to it."""

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
from appliance.audit.service.client import AuditClient
from appliance.audit.service.embedded import EmbeddedAudit
from appliance.audit.tlog.reader import LedgerReader
from appliance.policy.load import load
from appliance.protocols import worker_api, worker_control_api
from appliance.protocols.worker_api import NAME
from appliance.protocols.worker_control_api import NAME as CONTROL
from appliance.wire.client import Client
from appliance.wire.connection import Connection
from appliance.wire.message import CallError
from tests.paths import PORTRAITS, REPOSITORY

SESSION = "0123456789abcdef"


@dataclass
class Worker:
    """A worker process, and the broker's end of the one connection to it."""

    process: subprocess.Popen[bytes]
    control: Client
    workspace: Path
    policy: str

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self.control.close()

    def client(self) -> Client:
        """A caller with a connection of its own, as the broker makes them."""
        ours, theirs = socket.socketpair()
        with theirs:
            self.control.notify(f"{CONTROL}.Serve", descriptors=[theirs.fileno()])
        return Client(Connection(ours))

    def result(self, number: int) -> bytes:
        """The bytes of a result, past the interface, which does not release it."""
        (path,) = self.workspace.glob(f"{number}.result.*")
        return path.read_bytes()

    def take_in(
        self,
        client: Client,
        file: Path,
        role: str = "target",
        consent: str | None = "form 17",
    ) -> worker_api.Imported:
        with file.open("rb") as opened:
            answer, _ = client.call(
                f"{NAME}.Import",
                worker_api.Import(role, consent),  # type: ignore[arg-type]
                gives=worker_api.Imported,
                descriptors=[opened.fileno()],
            )
        return answer


OPEN = "gate: {same_person: false}\n"


def start(
    folder: Path,
    workspace: Path,
    policy: str = OPEN,
    models: Path = REPOSITORY / "models/starter",
    program: str = "appliance.worker",
) -> Worker:
    """Start a worker that serves ``workspace``, with the packs in ``folder``."""
    (folder / "policy.yaml").write_text(policy)
    ours, theirs = socket.socketpair()
    with theirs:
        options = ["--models", str(models), "--workspace", str(workspace)]
        options += ["--policy", str(folder / "policy.yaml"), "--packs", str(folder / "packs")]
        options += ["--socket", str(theirs.fileno())]
        process = subprocess.Popen(
            [sys.executable, "-m", program, *options],
            cwd=REPOSITORY,
            pass_fds=(theirs.fileno(),),
        )
    policy_digest = load(folder / "policy.yaml").digest
    return Worker(process, Client(Connection(ours)), workspace, policy_digest)


def begin(
    worker: Worker, ledger: AuditClient
) -> Iterator[tuple[worker_control_api.Jobs, list[int]]]:
    """Make the broker's call of Begin; the reports of jobs that follow its first answer."""
    reports = worker.control.follow(
        f"{CONTROL}.Begin",
        worker_control_api.Begin(SESSION, worker.policy),
        gives=worker_control_api.Jobs,
        descriptors=[ledger.fileno()],
    )
    assert next(reports)[0].jobs == 0
    return reports


@contextmanager
def working(
    folder: Path, audit: EmbeddedAudit, policy: str = OPEN, program: str = "appliance.worker"
) -> Iterator[tuple[Worker, Client]]:
    """A worker that serves a session, and a caller."""
    workspace = folder / "workspace"
    workspace.mkdir(exist_ok=True)
    worker = start(folder, workspace, policy, program=program)
    try:
        begin(worker, audit.client)
        client = worker.client()
        yield worker, client
        client.close()
    finally:
        worker.end()


def children(process: int) -> list[int]:
    """The ids of the processes that ``process`` started and that still run."""
    listed = Path(f"/proc/{process}/task/{process}/children").read_text()
    return [int(child) for child in listed.split()]


def sanitiser_child(worker: Worker) -> int:
    """The process that reads a file for ``worker``, as soon as there is one."""
    while True:
        for helper in children(worker.process.pid):
            for child in children(helper):
                return child


def portrait(name: str) -> Path:
    return PORTRAITS / name


def read_all(descriptor: int) -> bytes:
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def failed(refusal: CallError) -> worker_api.Failed:
    """The details of an answer ``Failed``."""
    assert refusal.error == f"{NAME}.Failed"
    details: bytes = refusal.parameters.json  # type: ignore[attr-defined]
    return msgspec.json.decode(details, type=worker_api.Failed)


def logged_events(ledger: Path) -> list[events.AnyEvent]:
    """All events of a ledger."""
    store = LedgerReader(ledger)
    return [line.entry.event for line in read_lines(store, store.checkpoint(store.verifier()))]
