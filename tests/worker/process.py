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
from appliance.audit.service.embedded import EmbeddedAudit
from appliance.audit.tlog.reader import LedgerReader
from appliance.policy.load import load
from appliance.protocols import worker_api
from appliance.protocols.worker_api import NAME
from appliance.wire.client import Client
from appliance.wire.message import CallError
from tests.paths import PORTRAITS, REPOSITORY

SESSION = "0123456789abcdef"


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
    path = folder / "worker.sock"
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(os.fspath(path))
        listener.listen(16)
        options = ["--models", str(models), "--workspace", str(workspace)]
        options += ["--policy", str(folder / "policy.yaml"), "--packs", str(folder / "packs")]
        options += ["--socket", str(listener.fileno())]
        process = subprocess.Popen(
            [sys.executable, "-m", program, *options],
            cwd=REPOSITORY,
            pass_fds=(listener.fileno(),),
        )
    return Worker(process, path, workspace, load(folder / "policy.yaml").digest)


def begin(worker: Worker, audit: EmbeddedAudit) -> Client:
    """Make the broker's call of Begin, whose connection stays open."""
    line = worker.client()
    begun = line.follow(
        f"{NAME}.Begin",
        worker_api.Begin(SESSION, worker.policy),
        gives=worker_api.Jobs,
        descriptors=[audit.client.fileno()],
    )
    try:
        assert next(begun)[0].jobs == 0
    except CallError:
        line.close()
        raise
    return line


@contextmanager
def working(
    folder: Path, audit: EmbeddedAudit, policy: str = OPEN, program: str = "appliance.worker"
) -> Iterator[tuple[Worker, Client]]:
    """A worker that serves a session, and a caller."""
    workspace = folder / "workspace"
    workspace.mkdir(exist_ok=True)
    worker = start(folder, workspace, policy, program=program)
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


def failed(refusal: CallError) -> worker_api.Failed:
    """The details of an answer ``Failed``."""
    assert refusal.error == f"{NAME}.Failed"
    details: bytes = refusal.parameters.json  # type: ignore[attr-defined]
    return msgspec.json.decode(details, type=worker_api.Failed)


def logged_events(ledger: Path) -> list[events.AnyEvent]:
    """All events of a ledger."""
    store = LedgerReader(ledger)
    return [line.entry.event for line in read_lines(store, store.checkpoint(store.verifier()))]
