"""A releaser process with a ledger of its own, and the calls that tests make to it."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

import av
import msgspec
import numpy as np

from appliance.audit.entries.events import AnyEvent
from appliance.files.output import OutputFile
from appliance.pipeline.media.photo.encode import encode_photo
from appliance.pipeline.media.photo.photo import Photo
from appliance.protocols import releaser_api as api
from appliance.release.keys import write_release_keys
from appliance.session.ledger_connection import LedgerConnection
from appliance.wire.client import Client
from appliance.wire.connection import Connection
from appliance.wire.message import CallError
from appliance.worker.rewriting import rewrite_media
from tests.paths import REPOSITORY
from tests.release.signed import identity
from tests.session.conftest import Daemon

SESSION = "0123456789abcdef"
OTHER_SESSION = "fedcba9876543210"
PATIENCE = 120  # seconds; only a defect takes as long, however busy the machine is


def photo(width: int = 640, height: int = 480, seed: int = 16) -> Photo:
    """A smooth picture that nobody is in."""
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    waves = [np.sin(columns / (23 + n + seed)) * np.cos(rows / (31 + 2 * n)) for n in range(3)]
    return Photo(np.dstack([128 + 80 * wave for wave in waves]).astype(np.uint8))


def result(seed: int = 16) -> bytes:
    """A photo as workers write their results."""
    return encode_photo(photo(seed=seed), "png")


def film(path: Path) -> bytes:
    """A film as workers write their results, in the container of this suffix."""
    outside = path.with_stem("outside")
    with av.open(str(outside), "w") as opened:
        stream: Any = opened.add_stream("libx264", rate=25)
        stream.width, stream.height = 400, 336
        for seed in range(6):
            frame = av.VideoFrame.from_ndarray(photo(400, 336, seed).pixels, format="rgb24")
            opened.mux(stream.encode(frame))
        opened.mux(stream.encode(None))
    with (
        outside.open("rb") as source,
        OutputFile(os.open(path, os.O_CREAT | os.O_RDWR, 0o600)) as sink,
    ):
        rewrite_media(source, sink)
    return path.read_bytes()


@dataclass
class Site:
    """``folder`` with keys, a policy, a ledger, and the outbox of one session."""

    folder: Path
    daemon: Daemon
    program: str = "appliance.releaser"
    policy: str = ""
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        write_release_keys(self.keys, identity("Hospital"))
        (self.folder / "policy.yaml").write_text(self.policy)
        self.outbox.mkdir(mode=0o700)

    @property
    def keys(self) -> Path:
        return self.folder / "keys"

    @property
    def outbox(self) -> Path:
        return self.folder / "outbox"

    def left(self) -> list[str]:
        """The files in the outbox, and in the folder where discs are put together."""
        files = [path for path in self.outbox.rglob("*") if not path.is_dir()]
        return sorted(path.relative_to(self.outbox).as_posix() for path in files)

    def events(self) -> list[AnyEvent]:
        """What releasers have logged."""
        return [line.entry.event for line in self.daemon._lines() if line.entry.by == "releaser"]

    def releaser(self) -> Client:
        """A connection to a releaser of its own, as the broker makes it."""
        ours, theirs = socket.socketpair()
        with theirs:
            options = ["--keys", str(self.keys), "--outbox", str(self.outbox)]
            options += ["--policy", str(self.folder / "policy.yaml")]
            self.started.append(
                subprocess.Popen(
                    [
                        *(sys.executable, "-m", self.program, *options),
                        *("--socket", str(theirs.fileno())),
                    ],
                    cwd=REPOSITORY,
                    pass_fds=(theirs.fileno(),),
                )
            )
        return Client(Connection(ours))

    @contextmanager
    def connected(self) -> Iterator[Client]:
        with closing(self.releaser()) as client:
            yield client

    def end(self) -> None:
        for process in self.started:
            process.kill()
            process.wait()

    def ledger(self, session: str = SESSION) -> int:
        """A connection that is restricted as the broker does it, as a descriptor."""
        client = LedgerConnection(self.daemon.socket).for_releaser(session)
        with closing(client):
            return os.dup(client.fileno())


def expect(content: bytes, number: int = 7, **changed: object) -> api.Expect:
    """What the broker announces of ``content``."""
    digest = hashlib.sha256(content).hexdigest()
    wanted = api.Expect(SESSION, number, "photo", "simulation", len(content), digest)
    return msgspec.structs.replace(wanted, **changed)


def hand_over(
    site: Site,
    client: Client,
    wanted: api.Expect,
    send: bytes | Callable[[socket.socket], object],
    ledger: int | None = None,
) -> None:
    """Call Expect, as a worker sends bytes or does something else. Raises ``CallError``.

    ``ledger``: a descriptor, which is closed; by default of a connection as it should be.
    """
    ours, theirs = socket.socketpair()
    if ledger is None:
        ledger = site.ledger(wanted.session)

    def work() -> None:
        with theirs:
            try:
                if callable(send):
                    send(theirs)
                else:
                    theirs.sendall(send)
            except OSError:
                pass  # the releaser has what it needs to refuse it

    working = Thread(target=work)
    try:
        with ours:
            working.start()
            client.call(
                f"{api.NAME}.Expect",
                wanted,
                gives=msgspec.defstruct("Nothing", []),
                descriptors=[ours.fileno(), ledger],
                timeout=PATIENCE,
            )
    finally:
        os.close(ledger)
        with closing(theirs):
            pass
        working.join()


def refusal(error: CallError) -> str:
    """The name of an error, and its message if it has one."""
    details = error.parameters
    text = ""
    if hasattr(details, "json"):
        text = msgspec.json.decode(details.json).get("message", "")
    return f"{error.error.rpartition('.')[2]} {text}".rstrip()


def copies(client: Client, session: str = SESSION) -> list[api.Copy]:
    answer, _ = client.call(
        f"{api.NAME}.Copies", api.OfSession(session), gives=api.Copies, timeout=PATIENCE
    )
    return answer.copies
