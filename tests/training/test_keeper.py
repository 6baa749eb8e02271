"""A keeper without root, as the broker's own connection to keepers commands it."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from threading import Thread

import pytest

from appliance.errors import SessionError, WireError
from appliance.keeper.protocol import UNKNOWN_KEY, Command
from appliance.session.keeper import KeeperConnection
from appliance.training.place import Place, own_place
from appliance.training.tied import untied
from appliance.wire.connection import connect_to
from tests.kiosk.machine import until
from tests.paths import REPOSITORY


class Keepers:
    """A keeper for each connection to the socket of w0, as a machine starts them."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.started: list[subprocess.Popen[bytes]] = []
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(os.fspath(place.keepers / "w0.sock"))
        self.listener.listen()
        Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                with connection:
                    number = connection.fileno()
                    words = ["--place", os.fspath(self.place.folder), "--slot", "w0"]
                    words += ["--connection", str(number), "tests.training.busy_worker"]
                    self.started.append(
                        subprocess.Popen(
                            untied("appliance.training.keeper", *words),
                            pass_fds=(number,),
                            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
                        )
                    )

    def end(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for keeper in self.started:
            keeper.wait()

    @property
    def workspace(self) -> Path:
        return self.place.workspaces / "w0"

    def count(self, name: str) -> int:
        try:
            return int((self.workspace / name).read_text())
        except FileNotFoundError:
            return 0

    def process(self, name: str) -> int:
        until(lambda: (self.workspace / f"{name}.pid").exists() and self.count(name) > 0)
        return int((self.workspace / f"{name}.pid").read_text())


@pytest.fixture
def keepers() -> Iterator[Keepers]:
    with own_place() as place:
        made = Keepers(place)
        yield made
        made.end()


@pytest.fixture
def keeper(keepers: Keepers) -> Iterator[KeeperConnection]:
    connection = KeeperConnection("w0", keepers.place.keepers)
    yield connection
    connection.hang_up()


def start(keepers: Keepers, keeper: KeeperConnection) -> tuple[socket.socket, list[int]]:
    """A worker that works; the broker's connection to it, and the ids of its processes."""
    keeper.execute(Command.MAKE)
    keeper.execute(Command.START)
    connection = connect_to(keepers.place.workers / "w0.sock")
    return connection, [keepers.process(name) for name in ("worker", "child")]


def is_alive(process: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    return False


def test_a_session_is_frozen_thawed_and_wiped(keepers: Keepers, keeper: KeeperConnection) -> None:
    connection, processes = start(keepers, keeper)
    with connection:
        assert keepers.workspace.stat().st_mode & 0o777 == 0o700
        keeper.execute(Command.FREEZE)
        states = [Path(f"/proc/{one}/stat").read_text().rpartition(")")[2] for one in processes]
        assert [state.split()[0] for state in states] == ["T", "T"]
        keeper.execute(Command.THAW)
        before = keepers.count("child")
        until(lambda: keepers.count("child") > before)
        keeper.execute(Command.FREEZE)
        erasure = keeper.wipe()
    assert erasure.failed is None
    assert erasure.method == "memory-dropped"
    assert erasure.key_id != UNKNOWN_KEY
    assert not any(is_alive(one) for one in processes)
    assert not keepers.workspace.exists()
    assert not any(keepers.place.workers.iterdir())


def test_a_worker_is_killed_with_its_children_and_another_begins(
    keepers: Keepers, keeper: KeeperConnection
) -> None:
    connection, processes = start(keepers, keeper)
    with connection:
        keeper.execute(Command.KILL)
        assert not any(is_alive(one) for one in processes)
    with pytest.raises(SessionError, match="not started"):
        keeper.execute(Command.FREEZE)
    for file in keepers.workspace.iterdir():
        file.unlink()
    keeper.execute(Command.START)
    with closing(connect_to(keepers.place.workers / "w0.sock")):
        assert is_alive(keepers.process("worker"))
        assert keeper.wipe().failed is None


def test_a_worker_that_has_ended_cannot_be_frozen(
    keepers: Keepers, keeper: KeeperConnection
) -> None:
    connection, (worker, child) = start(keepers, keeper)
    with connection:
        os.kill(worker, 9)
        until(lambda: not is_alive(worker))
        with pytest.raises(SessionError):
            keeper.execute(Command.FREEZE)
        keeper.execute(Command.KILL)
    assert not is_alive(child)


def test_one_connection_reaches_a_worker(keepers: Keepers, keeper: KeeperConnection) -> None:
    connection, _ = start(keepers, keeper)
    with connection, pytest.raises(WireError, match="No such file"):
        connect_to(keepers.place.workers / "w0.sock")


def test_to_hang_up_is_to_wipe(keepers: Keepers, keeper: KeeperConnection) -> None:
    connection, processes = start(keepers, keeper)
    with connection:
        keeper.execute(Command.FREEZE)
        keeper.hang_up()
        keepers.started[0].wait()
        assert keepers.started[0].returncode == 0
    assert not any(is_alive(one) for one in processes)
    assert not keepers.workspace.exists()


def test_the_next_keeper_wipes_for_one_that_was_killed(
    keepers: Keepers, keeper: KeeperConnection
) -> None:
    connection, (worker, _) = start(keepers, keeper)
    with connection:
        keeper.execute(Command.FREEZE)
        keepers.started[0].kill()
        until(keeper.is_gone)
        until(lambda: not is_alive(worker))  # frozen, and tied to its keeper
        assert keepers.workspace.exists()
        erasure = keeper.wipe()
    assert erasure.failed is None
    assert erasure.key_id == UNKNOWN_KEY
    assert not keepers.workspace.exists()


def test_a_workspace_is_made_once(keeper: KeeperConnection) -> None:
    keeper.execute(Command.MAKE)
    with pytest.raises(SessionError, match="cannot be used"):
        keeper.execute(Command.MAKE)
