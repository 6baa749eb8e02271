"""What a screen is told: of the machine, its people, and a session as it changes."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest
from msgspec.structs import replace

from appliance.audit.entries.events import SessionWiped
from appliance.audit.tlog.proofs import MOST_IN_QR
from appliance.errors import WireError
from appliance.keeper.protocol import Command, Erasure
from appliance.protocols import broker_api
from appliance.session import network
from appliance.wire.client import Client
from appliance.wire.connection import Connection
from appliance.wire.message import CallError, Empty
from appliance.wire.service import MAX_CALLERS_OF_USER
from tests.session.scene import PIN, ROLES, Login, Scene, scene_in
from tests.session.standins import PATIENCE, until

S = TypeVar("S", bound=msgspec.Struct)

AT_REST = broker_api.Appliance(
    tokens=1, ledger=True, blocked=False, free=3, network=["enp1s0"], training=False
)


@contextmanager
def following(
    scene: Scene, method: str, parameters: msgspec.Struct, gives: type[S]
) -> Iterator[Iterator[S]]:
    """The answers to a call with ``more``, on a connection of its own."""
    ours, theirs = socket.socketpair()
    served = scene.broker.service(os.getuid())
    serving = threading.Thread(target=served.serve, args=(theirs,), daemon=True)
    serving.start()
    with closing(Client(Connection(ours))) as client:
        name = f"{broker_api.NAME}.{method}"
        yield (answer for answer, _ in client.follow(name, parameters, gives=gives))
    serving.join(PATIENCE)
    assert not serving.is_alive()  # it has noticed that the caller hung up


def appliance(scene: Scene) -> broker_api.Appliance:
    return scene.ask("Appliance", Empty(), broker_api.Appliance)


def status(scene: Scene, session: str) -> broker_api.Status:
    return scene.ask("Status", scene.ref(session), broker_api.Status)


def users(scene: Scene) -> list[broker_api.User]:
    return scene.ask("Users", Empty(), broker_api.Users).users


def test_before_a_login_a_screen_is_told_what_it_may_offer(scene: Scene) -> None:
    scene.network.devices = ["enp1s0"]
    assert appliance(scene) == AT_REST
    scene.tokens.clear()
    scene.ledger.reachable = False
    scene.network.devices = None
    assert appliance(scene) == replace(AT_REST, tokens=0, ledger=False, network=None)


def test_a_session_takes_a_place_and_a_failed_wipe_blocks(scene: Scene) -> None:
    session, keeper = scene.open()
    assert (appliance(scene).free, appliance(scene).blocked) == (2, False)
    keeper.erasure = Erasure("ab" * 32, 4, 2, 12, "luks-header-dropped", failed="discard")
    scene.ask("Close", scene.ref(session), broker_api.Closed)
    assert (appliance(scene).free, appliance(scene).blocked) == (2, True)


def test_training_is_said_before_a_login(tmp_path: Path, login: Login) -> None:
    policy = "training: true\nworkspace: {backend: memory}"
    with scene_in(tmp_path, login, policy=policy) as scene:
        assert appliance(scene).training


def test_one_screen_has_connections_enough_and_who_hangs_up_gives_its_own_back(
    scene: Scene,
) -> None:
    name = f"{broker_api.NAME}.Appliance"
    served = scene.broker.service(os.getuid())

    def called() -> Client:
        ours, theirs = socket.socketpair()
        served.take(theirs)
        return Client(Connection(ours))

    with ExitStack() as stack:
        clients = [stack.enter_context(closing(called())) for _ in range(MAX_CALLERS_OF_USER)]
        for client in clients:  # each stays where it is, to be told of changes
            next(client.follow(name, gives=broker_api.Appliance))
        with closing(called()) as refused, pytest.raises(WireError):
            refused.call(name, gives=broker_api.Appliance)

    def admitted() -> bool:
        with closing(called()) as client:
            try:
                client.call(name, gives=broker_api.Appliance)
            except WireError:
                return False
            return True

    until(admitted)


def test_changes_of_the_machine_are_told_as_they_come(scene: Scene) -> None:
    scene.network.devices = ["enp1s0"]
    with following(scene, "Appliance", Empty(), broker_api.Appliance) as told:
        assert next(told) == AT_REST
        scene.tokens.clear()
        scene.broker.tick()
        assert next(told).tokens == 0
        scene.broker.tick()  # nothing has changed, so the next answer is about the network
        scene.network.devices = []
        scene.broker.tick()
        assert next(told) == replace(AT_REST, tokens=0, network=[])


def test_who_is_registered_is_told_while_a_token_is_plugged_in(scene: Scene) -> None:
    assert users(scene) == [
        broker_api.User("anna", ["clinician"], ["film", "series"], ["work", "request"]),
        broker_api.User(
            "bert", ["approver", "clinician"], ["film"], ["work", "request", "approve"]
        ),
        broker_api.User("ruth", ["approver"], [], ["approve"]),
    ]
    (scene.folder / "roles").write_text(ROLES + "anna:auditor\n")  # which of them is not certain
    assert users(scene)[0].roles == []
    scene.tokens.clear()
    assert users(scene) == []


def test_holders_of_cards_are_those_with_a_line_of_roles(tmp_path: Path, login: Login) -> None:
    with scene_in(tmp_path, login, policy="token: {method: smart-card}") as scene:
        (tmp_path / "roles").write_text("# people\ncarl:clinician\n")
        assert users(scene) == [broker_api.User("carl", ["clinician"], [], ["work", "request"])]


def test_the_times_of_a_session_run_down_and_asking_is_no_use_of_it(scene: Scene) -> None:
    scene.network.devices = ["wlan0"]
    session, _ = scene.open("film")
    scene.clock.seconds += 100
    assert status(scene, session) == broker_api.Status(
        state="active",
        subject="f" * 32,
        roles=["clinician"],
        project="film",
        locks_in=500,
        ends_in=86_300,
        worker=True,
        network=["wlan0"],
    )
    scene.clock.seconds += 499.5
    assert status(scene, session).locks_in == 1
    scene.after(0.5)
    locked = status(scene, session)
    assert (locked.state, locked.locks_in) == ("locked", 300)
    scene.clock.seconds += 290
    assert status(scene, session).locks_in == 10


def test_a_lock_is_told_before_the_worker_is_frozen(tmp_path: Path, login: Login) -> None:
    held: list[object] = []
    with scene_in(tmp_path, login, spawn=held.append) as scene:
        session, keeper = scene.open()
        with following(scene, "Status", scene.ref(session), broker_api.Status) as told:
            assert next(told).state == "active"
            scene.tokens.clear()
            scene.broker.tick()
            locked = next(told)
        assert (locked.state, locked.locks_in) == ("locked", 300)
        assert Command.FREEZE not in keeper.asked


def test_a_session_is_told_of_until_it_has_ended(scene: Scene) -> None:
    session, _ = scene.open()
    with following(scene, "Status", scene.ref(session), broker_api.Status) as told:
        assert next(told).locks_in == 600
        scene.clock.seconds += 100
        scene.act("Touch", session)
        assert next(told).ends_in == 28_700
        scene.act("Lock", session)
        assert next(told).state == "locked"
        scene.ask("Close", scene.ref(session), broker_api.Closed)
        states = [one.state for one in told]
    assert states[-1] == "wiped"
    assert set(states) <= {"locked", "wiping", "wiped"}


def test_who_reopens_a_session_ends_what_is_told_to_the_old_handle(scene: Scene) -> None:
    session, _ = scene.open()
    with following(scene, "Status", scene.ref(session), broker_api.Status) as told:
        next(told)
        scene.act("Lock", session)
        assert next(told).state == "locked"
        scene.log_in("Reopen", broker_api.Reopen(session, "anna", PIN))
        with pytest.raises(CallError, match="NoSuchSession"):
            list(told)
    assert status(scene, session).state == "active"


def test_who_closes_a_session_gets_the_proof_of_its_erasure(scene: Scene) -> None:
    session, _ = scene.open()
    closed = scene.ask("Close", scene.ref(session), broker_api.Closed)
    assert isinstance(scene.ledger.events[-1], SessionWiped)
    assert closed.proof == f"proof of {scene.ledger.length - 1}"


@pytest.mark.parametrize(("provable", "padding"), [(True, MOST_IN_QR), (False, 0)])
def test_an_erasure_stands_without_a_proof_that_fits_a_code(
    scene: Scene, *, provable: bool, padding: int
) -> None:
    session, _ = scene.open()
    scene.ledger.provable, scene.ledger.padding = provable, padding
    closed = scene.ask("Close", scene.ref(session), broker_api.Closed)
    assert closed.proof is None
    assert closed.erasure.clean


def test_what_was_probed_is_told_as_long_as_it_is_fresh(tmp_path: Path) -> None:
    file = tmp_path / "devices"
    assert network.recorded(file, lambda: 100.0) is None
    file.write_bytes(b"100.0\nenp1s0\nwl\xff\n")
    assert network.recorded(file, lambda: 115.0) == ["enp1s0", "wl\\xff"]
    assert network.recorded(file, lambda: 115.5) is None
    assert network.recorded(file, lambda: 99.0) is None  # of another boot
    file.write_bytes(b"100.0\n")
    assert network.recorded(file, lambda: 100.0) == []


@pytest.mark.parametrize(
    "written", [b"", b"100.0", b"nan\n", b"soon\n", b"1\nenp1s0", b"1\n" * 40_000]
)
def test_what_is_not_whole_says_nothing(tmp_path: Path, written: bytes) -> None:
    (tmp_path / "devices").write_bytes(written)
    assert network.recorded(tmp_path / "devices", lambda: 100.0) is None


def test_this_process_sees_the_devices_of_its_namespace() -> None:
    named = [
        line.partition(":")[0].strip()
        for line in Path("/proc/net/dev").read_text().splitlines()[2:]
    ]
    assert network.probed() == sorted({*named} - {"lo"})


def test_what_people_may_do_is_as_the_policy_has_it(tmp_path: Path, login: Login) -> None:
    policy = "roles: {approve: [clinician], work: [approver], audit: [clinician]}"
    with scene_in(tmp_path, login, policy=policy) as scene:
        may = {one.name: one.may for one in users(scene)}
    assert may["anna"] == ["request", "approve", "audit"]
    assert may["ruth"] == ["work"]
