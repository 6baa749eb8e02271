from __future__ import annotations

from time import time

import msgspec
import pytest

from appliance.audit.entries import events
from appliance.diagnostics.machine_status import MOST_CHECKS, OLD, status_of, write_status
from appliance.machine import boot_id
from appliance.policy.load import parse
from appliance.policy.policy import Policy
from appliance.protocols import broker_api
from appliance.protocols.machine_view import Check, InstalledPack, Person
from appliance.session.machine_desk import keys_of_its_own
from appliance.version import version
from appliance.wire.connection import MAX_MESSAGE
from tests.session.scene import PIN, Scene

SUBJECT = "f" * 32


@pytest.fixture
def scene(scene: Scene) -> Scene:
    with (scene.folder / "roles").open("a") as roles:
        roles.write("olga:auditor\nadam:administrator\n")
    return scene


def seen(scene: Scene) -> broker_api.Machine:
    return scene.ask("Machine", broker_api.LogIn("adam", PIN), broker_api.Machine)


def leave(scene: Scene, *checks: Check, age: int = 0) -> None:
    packs = [InstalledPack("ours", ["generator"]), InstalledPack("odd", [], "not signed")]
    status = status_of(int(time() * 1000) - age, boot_id(), list(checks), packs)
    write_status(status, scene.folder / "status.json")


def test_who_looks_is_logged(scene: Scene) -> None:
    seen(scene)
    assert scene.ledger.events == [
        events.LoginGranted(SUBJECT, "fido2"),
        events.MachineViewed(SUBJECT),
    ]


@pytest.mark.parametrize("user", ["anna", "ruth", "olga", "eve"])
def test_only_administrators_are_shown_it(scene: Scene, user: str) -> None:
    assert scene.refusal("Machine", broker_api.LogIn(user, PIN)) == "LoginRefused role"


def test_what_is_not_logged_is_not_shown(scene: Scene) -> None:
    scene.ledger.reachable = False
    assert scene.refusal("Machine", broker_api.LogIn("adam", PIN)) == "LedgerGone"


def test_places_people_and_space(scene: Scene) -> None:
    session, _ = scene.open()
    scene.tokens.add("hidraw1")
    found = seen(scene)
    assert [(one.slot, one.session, one.state) for one in found.slots] == [("w0", None, "active")]
    assert session not in msgspec.json.encode(found).decode()
    assert found.places == 3
    assert found.version == version()
    assert Person("bert", ["approver", "clinician"], 1) in found.people
    assert Person("adam", ["administrator"], 0) in found.people
    assert [one.name for one in found.space] == ["ledger", "system"]
    assert all(0 <= one.free <= one.size for one in found.space)
    assert found.own == ["workspace.slots", "projects"]


def test_what_the_doctor_found(scene: Scene) -> None:
    bad, good = Check("kernel", "swap", False, "1 in use"), Check("kernel", "lockdown", True, "on")
    leave(scene, good, bad)
    found = seen(scene)
    assert found.health is not None
    assert not found.health.ok
    assert not found.health.old
    assert found.checks == [bad, good]
    assert found.packs[1].refused == "not signed"


@pytest.mark.parametrize("age", [OLD + 60_000, -600_000])
def test_what_is_old_is_said_to_be(scene: Scene, age: int) -> None:
    leave(scene, Check("kernel", "swap", True, "0 in use"), age=age)
    found = seen(scene)
    assert found.health is not None
    assert found.health.ok
    assert found.health.old


@pytest.mark.parametrize(
    "left", [None, b"", b"{}", b'{"at":1', b"\xff", b"[" * 100_000, b" " * (300 << 10)]
)
def test_what_cannot_be_understood_is_not_known(scene: Scene, left: bytes | None) -> None:
    if left is not None:
        (scene.folder / "status.json").write_bytes(left)
    found = seen(scene)
    assert (found.health, found.checks, found.packs) == (None, [], [])


def test_the_most_there_can_be_fits_a_message(scene: Scene) -> None:
    checks = [Check("g" * 99, "n" * 99, n % 2 == 0, "e" * 999) for n in range(MOST_CHECKS + 9)]
    leave(scene, *checks)
    with (scene.folder / "roles").open("a") as roles:
        roles.writelines(f"person-with-a-long-name-{n:03}:clinician\n" for n in range(99))
    found = seen(scene)
    assert found.health is not None
    assert found.health.left_off == 9
    assert len(found.checks) == MOST_CHECKS
    assert len([one for one in found.checks if not one.ok]) == len(checks) // 2
    assert len(msgspec.json.encode(found)) < MAX_MESSAGE - 256


def test_keys_of_a_policys_own() -> None:
    assert list(keys_of_its_own(Policy())) == []
    own = parse(b"simulation: {bounds: {hump: [-1, 0]}}\ntoken: {attempts: 3}\n")
    assert list(keys_of_its_own(own)) == ["token.attempts", "simulation.bounds"]
