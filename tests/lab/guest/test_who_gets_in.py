"""Token present, absent and removed, wrong PIN, no touch, a stranger: what opens a session."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from appliance.wire.message import CallError
from tests.lab.guest.visitor import HANDLES, Broker, Token, refusal, restart_broker, shell, until


def _reason(act: object) -> str:
    with pytest.raises(CallError) as caught:
        act()  # type: ignore[operator]
    return caught.value.error.rpartition(".")[2] + " " + str(caught.value.parameters)


def test_a_wrong_pin_is_refused_and_the_right_one_opens(broker: Broker) -> None:
    assert "wrong-token" in _reason(lambda: broker.open(pin="000000"))
    # Each failure makes the next try wait; nobody is asked before that.
    assert "locked-out" in _reason(broker.open)
    time.sleep(1.5)
    session, _ = broker.open()
    assert broker.states() == {session: "active"}


def test_without_a_touch_nobody_gets_in(broker: Broker, token: Token) -> None:
    token.finger(on=False)
    assert "LoginRefused" in _reason(broker.open)
    token.finger(on=True)
    time.sleep(1.5)
    broker.open()


def test_without_a_token_nobody_gets_in(broker: Broker, token: Token) -> None:
    token.pull()
    assert "no-token" in _reason(broker.open)
    token.plug_in()
    time.sleep(1.5)
    broker.open()


def test_a_stranger_and_a_hostile_name_are_refused(broker: Broker) -> None:
    for name in ("carla", "root", "../../etc/shadow", "anna\x00", "-x", "x" * 100):
        assert refusal(lambda name=name: broker.open(user=name)) == "LoginRefused"  # type: ignore[misc]
        restart_broker()
        broker.reconnect()
    broker.open()


def test_an_account_that_has_expired_is_refused(broker: Broker) -> None:
    def listed() -> bool:
        return "anna" in Path("/run/appliance-accounts/refused").read_text().split()

    assert not listed()
    shell("usermod --expiredate 1 anna")
    try:
        until(listed)
        assert refusal(broker.open) == "LoginRefused"
    finally:
        shell("usermod --expiredate '' anna")
    until(lambda: not listed())
    time.sleep(1.5)
    broker.open()


def test_without_its_pam_module_nobody_gets_in(broker: Broker) -> None:
    module = shell("find / -xdev -name pam_u2f.so")
    shell(f"mv {module} {module}.away")
    try:
        assert refusal(broker.open) == "LoginRefused"
    finally:
        shell(f"mv {module}.away {module}")
    time.sleep(1.5)
    broker.open()


def test_a_pulled_token_locks_within_two_seconds(broker: Broker, token: Token) -> None:
    session, _ = broker.open()
    token.pull()
    started = time.monotonic()
    until(lambda: broker.states() == {session: "locked"}, seconds=2)
    print(f"locked after {time.monotonic() - started:.2f} s")
    frozen = "/sys/fs/cgroup/appliance.slice/appliance-worker.slice/appliance-worker@w0.service"
    assert shell(f"cat {frozen}/cgroup.freeze") == "1"
    token.plug_in()
    assert broker.states() == {session: "locked"}


def test_a_locked_session_opens_to_its_own_token_only(broker: Broker) -> None:
    session, worker = broker.open()
    os.close(worker)
    broker.act("Lock", session)
    assert refusal(lambda: broker.reopen(session, user="bert")) == "LoginRefused"
    assert broker.states() == {session: "locked"}
    os.close(broker.reopen(session))
    assert broker.states() == {session: "active"}


def test_another_user_id_sees_nothing_and_may_do_nothing(broker: Broker) -> None:
    session, _ = broker.open()
    call = (
        "varlinkctl call /run/appliance/session.sock"
        f' io.faceappliance.Session.Close \'{{"handle":"{HANDLES[session]}"}}\''
    )
    assert "denied" in shell(f"setpriv --reuid nobody --clear-groups {call} 2>&1", check=False)
    # In the group of the socket, but not on the list of the method.
    grouped = f"setpriv --reuid nobody --groups appliance-kiosk {call} 2>&1"
    assert "PermissionDenied" in shell(grouped, check=False)
    # On the list, but not the owner of the session.
    kiosk = f"setpriv --reuid appliance-kiosk --regid appliance-kiosk --clear-groups {call} 2>&1"
    assert "NoSuchSession" in shell(kiosk, check=False)
    # On the list of the method, and on that of sessions; but that names none.
    listed = call.partition("Close")[0] + "List '{}'"
    setpriv = "setpriv --reuid appliance-kiosk --regid appliance-kiosk --clear-groups"
    seen = shell(f"{setpriv} {listed}")
    assert "active" in seen
    assert session not in seen
    assert broker.states() == {session: "active"}


def test_varlinkctl_understands_the_interface() -> None:
    described = shell("varlinkctl introspect /run/appliance/session.sock io.faceappliance.Session")
    assert "method Open(" in described
    assert "method TokenRemoved(" in described
    listed = "varlinkctl call /run/appliance/session.sock io.faceappliance.Session.List '{}'"
    assert '"sessions"' in shell(listed)
