"""The broker's connection to keepers, which may die at any time. Threads stand in for them."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest

from appliance.errors import SessionError
from appliance.keeper.protocol import MAX_ANSWER, Command
from appliance.session.keeper import KeeperConnection, StandbyKeeper

CLEAN = b'{"erasure":{"key_id":"ab","before":4,"after":0,"ms":9,"method":"memory-dropped"}}'


Connect = Callable[[str], KeeperConnection]


@pytest.fixture
def connect(tmp_path: Path) -> Connect:
    return lambda slot: KeeperConnection(slot, tmp_path)


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
        listening.bind(str(tmp_path / "w0.sock"))
        listening.listen()
        yield listening


def _serve(listener: socket.socket, *answers: bytes | None) -> list[bytes]:
    """A keeper for each answer, one after the other; ``None`` dies before it answers."""
    received: list[bytes] = []

    def serve() -> None:
        for answer in answers:
            try:
                connection, _ = listener.accept()
            except OSError:
                return  # the test is over
            with connection:
                received.append(connection.recv(MAX_ANSWER))
                if answer is not None:
                    connection.send(answer)
                    connection.recv(MAX_ANSWER)  # until the broker hangs up

    Thread(target=serve, daemon=True).start()
    return received


def test_a_keeper_wipes(listener: socket.socket, connect: Connect) -> None:
    received = _serve(listener, CLEAN)
    assert connect("w0").wipe().failed is None
    assert received == [Command.WIPE.value]


def test_when_a_keeper_dies_of_the_wipe_its_successor_wipes(
    listener: socket.socket, connect: Connect
) -> None:
    received = _serve(listener, None, CLEAN)
    erasure = connect("w0").wipe()
    assert (erasure.failed, erasure.before) == (None, 4)
    assert received == [Command.WIPE.value, Command.WIPE.value]


def test_when_the_successor_dies_too_nothing_is_known(
    listener: socket.socket, connect: Connect
) -> None:
    _serve(listener, None, None)
    assert connect("w0").wipe().failed == "kill"


def test_no_other_keeper_answers_for_one_that_died(
    listener: socket.socket, connect: Connect
) -> None:
    _serve(listener, None, b"{}")
    keeper = connect("w0")
    for _ in range(2):  # what it held is lost: only a wipe may continue with a new one
        with pytest.raises(SessionError, match="is gone"):
            keeper.execute(Command.START)
    assert keeper.is_gone()
    keeper.hang_up()


def test_a_standby_keeper_starts_early_and_gets_no_command_before_it_is_taken(
    listener: socket.socket, connect: Connect
) -> None:
    standby = StandbyKeeper(connect)
    standby.start(["w0", "w1"])
    standby.start(["w0", "w1"])
    connection, _ = listener.accept()
    with connection:
        connection.setblocking(False)
        with pytest.raises(BlockingIOError):
            connection.recv(MAX_ANSWER)
        slot, keeper = standby.take(["w0", "w1"])
        assert slot == "w0"
        connection.setblocking(True)
        Thread(target=keeper.execute, args=(Command.MAKE,)).start()
        assert connection.recv(MAX_ANSWER) == Command.MAKE.value
        connection.send(b"{}")
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()  # it was started once
        assert standby.take(["w1"])[0] == "w1"
        keeper.hang_up()


def test_a_standby_keeper_that_is_dismissed_or_died_is_not_taken(
    listener: socket.socket, connect: Connect
) -> None:
    standby = StandbyKeeper(connect)
    standby.start(["w0"])
    connection, _ = listener.accept()
    with connection:
        standby.dismiss()
        assert connection.recv(MAX_ANSWER) == b""
    standby.start(["w0"])
    listener.accept()[0].close()
    _, keeper = standby.take(["w0"])
    received = _serve(listener, CLEAN)
    assert keeper.wipe().failed is None  # another one answers at once
    assert received == [Command.WIPE.value]


def test_without_a_free_slot_or_a_socket_no_standby_keeper_starts(
    listener: socket.socket, connect: Connect
) -> None:
    standby = StandbyKeeper(connect)
    standby.start([])
    standby.start(["w7"])
    assert standby.take(["w7"])[0] == "w7"
    listener.setblocking(False)
    with pytest.raises(BlockingIOError):
        listener.accept()
