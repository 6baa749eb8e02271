"""The broker's line to keepers, which die when they like. They are stood in for by threads."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from appliance.errors import SessionError
from appliance.keeper.protocol import MAX_ANSWER, Command
from appliance.session import keeper as module
from appliance.session.keeper import KeeperConnection, StandbyKeeper

CLEAN = b'{"erasure":{"key_id":"ab","before":4,"after":0,"ms":9,"method":"memory-dropped"}}'


@pytest.fixture
def listener(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    monkeypatch.setattr(module, "SOCKETS", tmp_path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
        listening.bind(str(tmp_path / "w0.sock"))
        listening.listen()
        yield listening


def _live(listener: socket.socket, *answers: bytes | None) -> list[bytes]:
    """One keeper an answer, the next after the last; ``None`` dies before it answers."""
    heard: list[bytes] = []

    def serve() -> None:
        for answer in answers:
            try:
                line, _ = listener.accept()
            except OSError:
                return  # the test is over, and nobody called
            with line:
                heard.append(line.recv(MAX_ANSWER))
                if answer is not None:
                    line.send(answer)
                    line.recv(MAX_ANSWER)  # until the broker hangs up

    Thread(target=serve, daemon=True).start()
    return heard


def test_a_keeper_wipes(listener: socket.socket) -> None:
    heard = _live(listener, CLEAN)
    assert KeeperConnection("w0").wipe().failed is None
    assert heard == [Command.WIPE.value]


def test_when_a_keeper_dies_of_the_wipe_its_successor_wipes(listener: socket.socket) -> None:
    heard = _live(listener, None, CLEAN)
    erasure = KeeperConnection("w0").wipe()
    assert (erasure.failed, erasure.before) == (None, 4)
    assert heard == [Command.WIPE.value, Command.WIPE.value]


def test_when_the_successor_dies_too_nothing_is_known(listener: socket.socket) -> None:
    _live(listener, None, None)
    assert KeeperConnection("w0").wipe().failed == "kill"


def test_a_keeper_that_died_makes_no_other_answer_for_it(listener: socket.socket) -> None:
    _live(listener, None, b"{}")
    keeper = KeeperConnection("w0")
    for _ in range(2):  # what it held is lost: only a wipe may go on with a new one
        with pytest.raises(SessionError, match="is gone"):
            keeper.tell(Command.START)
    assert keeper.is_gone()
    keeper.hang_up()


def test_a_spare_keeper_starts_early_and_is_told_nothing_before_it_is_taken(
    listener: socket.socket,
) -> None:
    spare = StandbyKeeper()
    spare.call(["w0", "w1"])
    spare.call(["w0", "w1"])
    line, _ = listener.accept()
    with line:
        line.setblocking(False)
        with pytest.raises(BlockingIOError):
            line.recv(MAX_ANSWER)
        slot, keeper = spare.take(["w0", "w1"])
        assert slot == "w0"
        line.setblocking(True)
        Thread(target=keeper.tell, args=(Command.MAKE,)).start()
        assert line.recv(MAX_ANSWER) == Command.MAKE.value
        line.send(b"{}")
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()  # it was called once
        assert spare.take(["w1"])[0] == "w1"
        keeper.hang_up()


def test_a_spare_keeper_that_is_dismissed_or_died_is_not_taken(listener: socket.socket) -> None:
    spare = StandbyKeeper()
    spare.call(["w0"])
    line, _ = listener.accept()
    with line:
        spare.dismiss()
        assert line.recv(MAX_ANSWER) == b""
    spare.call(["w0"])
    listener.accept()[0].close()
    _, keeper = spare.take(["w0"])
    heard = _live(listener, CLEAN)
    assert keeper.wipe().failed is None  # another one answers at once
    assert heard == [Command.WIPE.value]


def test_without_a_free_slot_or_a_socket_no_spare_keeper_is_called(listener: socket.socket) -> None:
    spare = StandbyKeeper()
    spare.call([])
    spare.call(["w7"])
    assert spare.take(["w7"])[0] == "w7"
    listener.setblocking(False)
    with pytest.raises(BlockingIOError):
        listener.accept()
