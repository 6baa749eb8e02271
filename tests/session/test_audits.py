from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import pytest

from appliance.audit.entries import events
from appliance.protocols import audit_desk_api, broker_api
from appliance.wire.message import CallError, Empty, S
from appliance.wire.peer import PeerCredentials
from appliance.wire.service import Request
from tests.session.scene import KIOSK, PIN, Scene
from tests.session.standins import until

SUBJECT = "f" * 32  # what the ledger's stand-in calls everybody


@pytest.fixture
def scene(scene: Scene) -> Scene:
    with (scene.folder / "roles").open("a") as roles:
        roles.write("olga:auditor\nadam:administrator\n")
    return scene


@contextmanager
def audit(scene: Scene, user: str = "olga") -> Iterator[socket.socket]:
    """The connection that ``user`` is given."""
    request = Request(
        PeerCredentials(1, KIOSK, KIOSK), broker_api.LogIn(user, PIN), [], lambda _: None
    )
    answer = scene.broker.service(KIOSK).methods["Audit"].run(request)
    assert answer is not None
    (descriptor,) = answer.descriptors
    with socket.socket(fileno=descriptor) as connection:
        yield connection
        connection.shutdown(socket.SHUT_RDWR)


def ask(scene: Scene, method: str, wanted: msgspec.Struct, gives: type[S], attached: int = 0) -> S:
    """What the broker answers the last auditor."""
    name = f"{audit_desk_api.NAME}.{method}"
    answer, given = scene.auditor.ways[-1].call(name, wanted, gives=gives, attached=attached)
    for descriptor in given:
        os.close(descriptor)
    return answer


def test_who_looks_is_logged_before_there_is_anything_to_see(scene: Scene) -> None:
    with audit(scene):
        assert scene.ledger.events == [
            events.LoginGranted(SUBJECT, "fido2"),
            events.AuditViewed(SUBJECT),
        ]
        (begun,) = scene.auditor.begun
        assert (begun.idle, begun.training) == (600, False)


@pytest.mark.parametrize("user", ["anna", "bert", "ruth", "adam", "eve"])
def test_only_auditors_are_let_in(scene: Scene, user: str) -> None:
    assert scene.refusal("Audit", broker_api.LogIn(user, PIN)) == "LoginRefused role"
    assert scene.ledger.events == [events.LoginRefused("role", SUBJECT)]
    assert scene.auditor.begun == []


def test_what_is_not_logged_is_not_shown(scene: Scene) -> None:
    scene.ledger.reachable = False
    assert scene.refusal("Audit", broker_api.LogIn("olga", PIN)) == "LedgerGone"


def test_a_ledger_that_goes_after_the_login_ends_it(scene: Scene) -> None:
    granted = scene.ledger.append

    def once(*logged: events.AnyEvent) -> int:
        index = granted(*logged)
        scene.ledger.reachable = False
        return index

    scene.ledger.append = once  # type: ignore[method-assign]
    assert scene.refusal("Audit", broker_api.LogIn("olga", PIN)) == "LedgerGone"
    assert scene.auditor.is_cut_off()


def test_a_pulled_token_ends_it(scene: Scene) -> None:
    with audit(scene):
        scene.after(0.5)
        assert not scene.auditor.is_cut_off()
        scene.tokens.clear()
        scene.after(0.5)
        assert scene.auditor.is_cut_off()


def test_a_token_that_udev_says_was_pulled_ends_it_at_once(scene: Scene) -> None:
    with audit(scene):
        scene.call_as(0, "TokenRemoved", broker_api.TokenRemoved("hidraw7"))
        assert not scene.auditor.is_cut_off()
        scene.call_as(0, "TokenRemoved", broker_api.TokenRemoved("hidraw0"))
        assert scene.auditor.is_cut_off()


def test_it_lasts_no_longer_than_a_session_may(scene: Scene) -> None:
    with audit(scene):
        scene.after(28_799)
        assert not scene.auditor.is_cut_off()
        scene.after(1)
        assert scene.auditor.is_cut_off()


def test_the_next_audit_ends_the_one_before(scene: Scene) -> None:
    with audit(scene), audit(scene):
        first, second = scene.auditor.sockets
        assert first.recv(1) == b""
        second.setblocking(False)
        with pytest.raises(BlockingIOError):
            second.recv(1)


def test_the_token_of_who_looks_is_nobody_elses(scene: Scene) -> None:
    with audit(scene):
        scene.tokens.add("hidraw1")
        opened = scene.open_as("anna")  # by the other token, though two are plugged in
        scene.tokens.discard("hidraw1")
        scene.after(0.5)
        assert scene.states()[opened.session] == "locked"
        assert not scene.auditor.is_cut_off()


def test_sessions_go_on_when_it_ends(scene: Scene) -> None:
    session, _ = scene.open()
    scene.tokens.add("hidraw1")
    with audit(scene):
        pass
    scene.tokens.discard("hidraw1")
    scene.after(0.5)
    assert scene.states()[session] == "active"


def test_an_export_is_logged_with_who_did_it(scene: Scene) -> None:
    with audit(scene):
        scene.ledger.events.clear()
        wanted = audit_desk_api.Exporting(3, 90, 12, "ab" * 32)
        length = scene.ledger.length
        logged = ask(scene, "Exporting", wanted, audit_desk_api.Logged)
        assert logged.number == length
        assert scene.ledger.events == [events.LogExported(3, 90, 12, "ab" * 32, SUBJECT)]
        scene.ledger.reachable = False
        with pytest.raises(CallError, match="NoLedger"):
            ask(scene, "Exporting", wanted, audit_desk_api.Logged)


def test_the_auditor_gets_a_connection_to_the_burner(scene: Scene) -> None:
    with audit(scene):
        ask(scene, "Burner", Empty(), Empty, attached=1)
        scene.burner.missing = True
        with pytest.raises(CallError, match="NoBurner"):
            ask(scene, "Burner", Empty(), Empty, attached=1)


@pytest.mark.parametrize("how", ["missing", "refuses"])
def test_without_an_auditor(scene: Scene, how: str) -> None:
    setattr(scene.auditor, how, True)
    assert scene.refusal("Audit", broker_api.LogIn("olga", PIN)) == "NoAuditor"
    assert events.AuditViewed(SUBJECT) not in scene.ledger.events


def test_it_ends_with_the_broker(scene: Scene) -> None:
    with audit(scene):
        scene.broker.end_all()
        assert scene.auditor.is_cut_off()


def test_an_auditor_that_ends_is_forgotten(scene: Scene) -> None:
    desk = scene.broker._audits
    with audit(scene):
        assert desk.tokens_of_others("anna") == {"hidraw0"}
        assert desk.tokens_of_others("olga") == frozenset()
        scene.auditor.ways[-1].close()
        until(lambda: not desk.tokens_of_others("anna"))
