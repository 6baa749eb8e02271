"""A whole machine for a test: broker, workers, ledger and software tokens, as processes.

Under a policy that is not for training it has releasers as well, with keys of a site.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

import msgspec

from appliance import resources
from appliance.audit.entries.events import AnyEvent
from appliance.audit.entries.reader import read_lines
from appliance.audit.tlog.reader import LedgerReader
from appliance.policy.load import load
from appliance.protocols import broker_api, disc_api, training_api, worker_api
from appliance.release.keys import write_release_keys
from appliance.training.machine import Machine, Plan
from appliance.training.people import PIN
from appliance.training.place import Place
from appliance.wire.client import Client
from appliance.wire.connection import Connection
from appliance.wire.message import CallError, Empty
from tests.paths import REPOSITORY
from tests.release.signed import identity

S = TypeVar("S", bound=msgspec.Struct)

PATIENCE = 300.0
"""Seconds; only a defect takes as long, however busy the machine is."""


@dataclass
class Running:
    """A machine that runs. ``broker``, ``disc`` and ``training``: its sockets."""

    inside: Machine
    folder: Path
    _thread: Thread
    _clients: list[Client] = field(default_factory=list)

    @property
    def place(self) -> Place:
        return self.inside.place

    @property
    def broker(self) -> Path:
        return self.place.broker

    @property
    def disc(self) -> Path:
        return self.place.disc

    @property
    def training(self) -> Path:
        return self.place.training

    @property
    def outbox(self) -> Path:
        """Where releasers leave their copies."""
        return self.folder / "outbox"

    def options(self) -> list[str]:
        """Those of the kiosk's command line."""
        sockets = {"broker": self.broker, "disc": self.disc, "training": self.training}
        return [word for name, path in sockets.items() for word in (f"--{name}", str(path))]

    def ask(
        self, method: str, parameters: msgspec.Struct, gives: type[S], attached: int = 0
    ) -> tuple[S, list[int]]:
        """Call the broker, over a connection of its own."""
        with closing(Client.to(self.broker)) as client:
            return client.call(
                f"{broker_api.NAME}.{method}",
                parameters,
                gives=gives,
                attached=attached,
                timeout=PATIENCE,
            )

    def token(self, method: str, user: str | None = None) -> Any:
        """Insert, Pull, Touch or Tokens."""
        gives: dict[str, type[msgspec.Struct]] = {
            "Tokens": training_api.Tokens,
            "Touch": training_api.Touched,
        }
        parameters = Empty() if user is None else training_api.TokenRef(user)
        with closing(Client.to(self.training)) as client:
            return client.call(
                f"{training_api.NAME}.{method}", parameters, gives=gives.get(method, Empty)
            )[0]

    def touching(self, call: Callable[[], S]) -> S:
        """What ``call`` gives, while the token that blinks for it is touched."""
        done: list[S] = []
        failed: list[BaseException] = []

        def run() -> None:
            try:
                done.append(call())
            except BaseException as error:  # noqa: BLE001 - raised below
                failed.append(error)

        calling = Thread(target=run, daemon=True)
        calling.start()
        while calling.is_alive():
            self.token("Touch")
            calling.join(0.02)
        if failed:
            raise failed[0]
        return done[0]

    def login(self, method: str, wanted: msgspec.Struct) -> broker_api.Opened:
        """Open or Reopen, without a connection to the worker."""
        opened, descriptors = self.ask(method, wanted, broker_api.Opened, 1)
        for descriptor in descriptors:
            os.close(descriptor)
        return opened

    def states(self) -> list[str]:
        """Those of all sessions."""
        listed, _ = self.ask("List", Empty(), broker_api.Sessions)
        return [one.state for one in listed.sessions]

    def reason(self, refused: CallError) -> str:
        """Why the broker refused."""
        details: bytes = refused.parameters.json  # type: ignore[attr-defined]
        return str(msgspec.json.decode(details).get("reason", refused.error))

    def open(self, user: str = "anna", patient: str | None = "patient 12") -> Visit:
        """Plug the token in, log in, touch it."""
        self.token("Insert", user)
        descriptors: list[int] = []

        def call() -> broker_api.Opened:
            opened, given = self.ask(
                "Open", broker_api.Open(user, PIN, None, patient), broker_api.Opened, 1
            )
            descriptors.extend(given)
            return opened

        opened = self.touching(call)
        worker = Client(Connection(socket.socket(fileno=descriptors[0])))
        self._clients.append(worker)
        return Visit(self, opened, worker)

    def events(self) -> list[AnyEvent]:
        """All that is in the ledger."""
        store = LedgerReader(self.folder / "ledger")
        return [line.entry.event for line in read_lines(store, store.checkpoint(store.verifier()))]

    def kill(self, name: str) -> None:
        """Kill ``broker`` or ``ledger``."""
        before = self.inside.process_id(name)
        os.kill(before, 9)
        until(lambda: self.inside.process_id(name) != before)

    def has_ledger(self) -> bool:
        """Whether the ledger answers the broker."""
        return self.ask("Appliance", Empty(), broker_api.Appliance)[0].ledger

    def close(self) -> None:
        for client in self._clients:
            client.close()
        self.inside.stop()
        self._thread.join()


@dataclass
class Visit:
    """A session: what its person holds."""

    machine: Running
    opened: broker_api.Opened
    worker: Client

    @property
    def ref(self) -> broker_api.SessionRef:
        return broker_api.SessionRef(self.opened.handle)

    def take_in(self, sample: str, role: str = "target", consent: str = "form 17") -> int:
        """Import a sample from the disc; the number of its item."""
        with closing(Client.to(self.machine.disc)) as disc:
            listed, _ = disc.call(f"{disc_api.NAME}.List", disc_api.List(), gives=disc_api.Files)
            (number,) = (one.number for one in listed.files if one.name.endswith(sample))
            _, (photo,) = disc.call(
                f"{disc_api.NAME}.Open", disc_api.Open(number), gives=disc_api.Opened, attached=1
            )
        try:
            imported, _ = self.ask(
                "Import",
                worker_api.Import(role, consent),  # type: ignore[arg-type]
                worker_api.Imported,
                [photo],
            )
        finally:
            os.close(photo)
        return imported.item

    def ask(
        self,
        method: str,
        parameters: msgspec.Struct,
        gives: type[S],
        descriptors: list[int] | None = None,
        attached: int = 0,
    ) -> tuple[S, list[int]]:
        """Call the worker."""
        return self.worker.call(
            f"{worker_api.NAME}.{method}",
            parameters,
            gives=gives,
            descriptors=descriptors or [],
            attached=attached,
            timeout=PATIENCE,
        )

    def close(self) -> broker_api.Closed:
        return self.machine.ask("Close", self.ref, broker_api.Closed)[0]


def until(holds: Callable[[], bool]) -> None:
    """Wait for it; raises ``TimeoutError`` if that is in vain."""
    latest = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > latest:
            raise TimeoutError
        time.sleep(0.02)


@contextmanager
def machine(
    policy: str | Path | None = None,
    *,
    variables: Mapping[str, str] | None = None,
    samples: Path | None = None,
    drive: Path | None = None,
    worker: str = "appliance.worker",
    screen: tuple[str, ...] | None = None,
) -> Iterator[Running]:
    """A machine under ``policy``, the text or the file of one; by default that of training.

    ``variables``: further ones of its processes. ``samples``: a folder in the place of a disc, by
    default sample portraits; ``drive``: an image of a disc.
    ``worker`` and ``screen``: modules, the latter with options.
    """
    folder = Path(tempfile.mkdtemp(prefix="machine-"))
    try:
        file = _policy_in(folder, policy)
        for_training = load(file).training
        plan = Plan(
            policy=file,
            ledger=folder / "ledger",
            screen=screen,
            variables={**os.environ, "PYTHONPATH": str(REPOSITORY), **(variables or {})},
            samples=samples or resources.portraits(),
            drive=drive,
            broker="appliance.training.broker" if for_training else "tests.kiosk.untrained_broker",
            worker=worker,
            releaser=None if for_training else _releaser_in(folder),
        )
        inside = Machine(plan)
        failed: list[BaseException] = []

        def run() -> None:
            try:
                inside.run()
            except BaseException as error:  # noqa: BLE001 - raised below
                failed.append(error)

        # The thread that starts the processes: they end with it, so it is that of the whole run.
        thread = Thread(target=run)
        thread.start()
        until(lambda: inside.ready.is_set() or bool(failed))
        running = Running(inside, folder, thread)
        try:
            if not failed:
                yield running
        finally:
            running.close()
            if failed:
                raise failed[0]
    finally:
        shutil.rmtree(folder)


def _policy_in(folder: Path, policy: str | Path | None) -> Path:
    if policy is None:
        return resources.policies() / "training.yaml"
    if isinstance(policy, Path):
        return policy
    file = folder / "policy.yaml"
    file.write_text(policy)
    return file


def _releaser_in(folder: Path) -> tuple[str, ...]:
    """Module and options of a releaser of a site with keys."""
    write_release_keys(folder / "keys", identity("Hospital"))
    (folder / "outbox").mkdir(mode=0o700)
    options = ("--keys", str(folder / "keys"), "--outbox", str(folder / "outbox"))
    return ("appliance.releaser", *options)
