"""The broker's connection to keepers, which may die at any time. Threads stand in for them."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest

from appliance.errors import SessionError
from appliance.keeper.protocol import MAX_ANSWER, Command
from appliance.session import keeper as keeper_module
from appliance.session.keeper import KeeperConnection, StandbyKeeper
from appliance.session.slots import Slots

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


def test_a_late_answer_is_not_taken_for_that_to_the_next_command(
    listener: socket.socket, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper_module, "_PATIENCE_AT_ONCE", 0.01)
    keeper = connect("w0")
    keeper.start_keeper()
    slow, _ = listener.accept()
    with slow:
        with pytest.raises(SessionError, match="is gone"):
            keeper.execute(Command.FREEZE)
        with pytest.raises(OSError, match="Broken pipe"):
            slow.send(b"{}")  # it cannot even be sent: the keeper knows that it has to wipe
        assert keeper.is_gone()
        with pytest.raises(SessionError, match="is gone"):
            keeper.execute(Command.THAW)
    keeper.hang_up()


def test_a_standby_keeper_starts_early_and_gets_no_command_before_it_is_taken(
    listener: socket.socket, connect: Connect
) -> None:
    slots = Slots(["w0", "w1"])
    with StandbyKeeper(slots, connect) as standby:
        standby.start()
        standby.start()
        connection, _ = listener.accept()
        with connection:
            connection.setblocking(False)
            with pytest.raises(BlockingIOError):
                connection.recv(MAX_ANSWER)
            assert standby.ready is not None
            slot, keeper = standby.ready
            standby.taken()
            assert slot == "w0"
            connection.setblocking(True)
            Thread(target=keeper.execute, args=(Command.MAKE,)).start()
            assert connection.recv(MAX_ANSWER) == Command.MAKE.value
            connection.send(b"{}")
            listener.setblocking(False)
            with pytest.raises(BlockingIOError):
                listener.accept()  # it was started once
            keeper.hang_up()
    assert slots.reserve() == "w1"


def test_a_standby_keeper_that_is_not_taken_ends_and_gives_its_slot_back(
    listener: socket.socket, connect: Connect
) -> None:
    slots = Slots(["w0"])
    with StandbyKeeper(slots, connect) as standby:
        standby.start()
        connection, _ = listener.accept()
        assert slots.reserve() is None
    with connection:
        assert connection.recv(MAX_ANSWER) == b""
    assert slots.reserve() == "w0"


def test_a_standby_keeper_that_died_is_replaced(listener: socket.socket, connect: Connect) -> None:
    with StandbyKeeper(Slots(["w0"]), connect) as standby:
        standby.start()
        listener.accept()[0].close()
        assert standby.ready is not None
        received = _serve(listener, CLEAN)
        assert standby.ready[1].wipe().failed is None  # another one answers at once
        assert received == [Command.WIPE.value]


def test_without_a_free_slot_or_a_socket_no_standby_keeper_starts(
    listener: socket.socket, connect: Connect
) -> None:
    with StandbyKeeper(Slots([]), connect) as standby:
        assert standby.ready is None
    with StandbyKeeper(Slots(["w7"]), connect) as standby:
        assert standby.ready is not None
    listener.setblocking(False)
    with pytest.raises(BlockingIOError):
        listener.accept()
