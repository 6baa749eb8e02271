"""A keeper executes the commands of its broker, and leaves nothing once the broker hangs up."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest

from appliance.errors import SessionError
from appliance.keeper import __main__ as keeper
from appliance.keeper import ledger, protocol, units, volume, wipe
from appliance.keeper.protocol import UNKNOWN_KEY, Command, Erased
from appliance.keeper.volume import Owner
from appliance.session.keeper import KeeperConnection


@dataclass
class Volume(volume.Volume):
    """Notes what it is asked to do."""

    method: ClassVar[Erased] = "memory-dropped"

    done: list[str]
    key_id: str = "ab" * 32
    full: bool = False

    def make(self, owner: Owner) -> None:
        if self.full:
            raise OSError(28, "No space left on device", "/secret/name")
        self.done.append(f"make for {owner.user}")

    def close(self) -> None:
        self.done.append("close")

    def drop(self) -> None:
        self.done.append("drop")

    def discard(self) -> None:
        self.done.append("discard")


WIPED = ["kill", "unmount", "close", "drop", "discard", "probe", "log"]


@dataclass
class Machine:
    """Keepers at one socket, one after the other, as systemd starts them."""

    done: list[str]
    volume: Volume
    listener: socket.socket
    ends: list[bool] = field(default_factory=list)

    def connect(self) -> KeeperConnection:
        return KeeperConnection("w0", Path(self.listener.getsockname()).parent)

    def start_one(self) -> Thread:
        def serve() -> None:
            caller, _ = self.listener.accept()
            with caller:
                self.ends.append(keeper.keep(caller, "w0", self.volume))

        thread = Thread(target=serve)
        thread.start()
        return thread


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Machine]:
    done: list[str] = []
    for name in ("kill", "unmount", "start", "freeze", "thaw"):
        monkeypatch.setattr(units, name, lambda _slot, name=name: done.append(name))
    monkeypatch.setattr(units, "owner_of", lambda _slot: Owner(990, 990))
    monkeypatch.setattr(wipe, "_no_trace_of", lambda _slot: done.append("probe"))
    monkeypatch.setattr(wipe, "_owns_something", lambda _user: False)
    monkeypatch.setattr(ledger, "log", lambda _erasure: done.append("log"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(str(tmp_path / "w0.sock"))
        listener.listen()
        yield Machine(done, Volume(done), listener)


def test_each_command_is_executed_and_a_wipe_ends_the_keeper(machine: Machine) -> None:
    kept = machine.start_one()
    broker = machine.connect()
    for command in (Command.MAKE, Command.START, Command.FREEZE, Command.THAW, Command.KILL):
        broker.execute(command)
    assert machine.done == ["make for 990", "start", "freeze", "thaw", "kill"]
    machine.done.clear()
    erasure = broker.wipe()
    assert (erasure.key_id, erasure.failed) == ("ab" * 32, None)
    kept.join()
    assert machine.done == WIPED
    assert machine.ends == [True]


def test_a_failure_is_answered_without_a_path(machine: Machine) -> None:
    machine.volume.full = True
    kept = machine.start_one()
    broker = machine.connect()
    with pytest.raises(SessionError) as caught:
        broker.execute(Command.MAKE)
    assert "No space left" in caught.value.message
    assert "secret" not in caught.value.message
    broker.execute(Command.KILL)
    broker.hang_up()
    kept.join()


@pytest.mark.parametrize("packet", [b"", b"burn", b"make ", b"x" * 100])
def test_hanging_up_and_any_unknown_command_wipe(machine: Machine, packet: bytes) -> None:
    kept = machine.start_one()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as caller:
        caller.connect(machine.listener.getsockname())
        caller.send(Command.MAKE.value)
        assert caller.recv(protocol.MAX_ANSWER) == b"{}"
        machine.done.clear()
        if packet:
            caller.send(packet)
            kept.join()
    kept.join()
    assert machine.done == WIPED


def test_a_broker_notices_that_its_keeper_is_gone_and_the_next_one_wipes(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(units, "start", lambda _slot: die())
    kept = machine.start_one()
    monkeypatch.setattr("threading.excepthook", lambda _: None)
    broker = machine.connect()
    assert not broker.is_gone()
    broker.execute(Command.MAKE)
    assert not broker.is_gone()
    with pytest.raises(SessionError, match="gone"):
        broker.execute(Command.START)
    kept.join()
    assert broker.is_gone()
    machine.done.clear()
    kept = machine.start_one()
    assert broker.wipe().failed is None
    kept.join()
    assert machine.done == WIPED


def test_if_no_keeper_answers_nothing_counts_as_wiped(machine: Machine) -> None:
    broker = machine.connect()
    machine.listener.close()
    erasure = broker.wipe()
    assert (erasure.key_id, erasure.failed) == (UNKNOWN_KEY, "kill")
