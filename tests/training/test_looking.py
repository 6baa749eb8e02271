"""An auditor and an administrator at a whole training machine."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager

import msgspec
import pytest

from appliance.audit.entries import events
from appliance.protocols import auditor_api, broker_api
from appliance.training.people import PIN
from appliance.wire.client import Client
from appliance.wire.connection import Connection
from appliance.wire.message import CallError, Empty
from tests.kiosk.machine import PATIENCE, Running, machine, until


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with machine() as made:
        yield made


@contextmanager
def audit(running: Running) -> Iterator[Client]:
    """What the auditor of the machine is given."""
    running.token("Insert", "emil")
    given: list[int] = []

    def call() -> Empty:
        answer, descriptors = running.ask("Audit", broker_api.LogIn("emil", PIN), Empty, 1)
        given.extend(descriptors)
        return answer

    running.touching(call)
    with closing(Client(Connection(socket.socket(fileno=given[0])))) as client:
        yield client


def sessions(client: Client) -> list[auditor_api.SessionSummary]:
    page, _ = client.call(
        f"{auditor_api.NAME}.Sessions",
        auditor_api.AskSessions(),
        gives=auditor_api.Sessions,
        timeout=PATIENCE,
    )
    return page.sessions


def test_an_auditor_sees_what_was_done_until_the_token_is_pulled(running: Running) -> None:
    visit = running.open()
    visit.close()
    running.token("Pull", "anna")
    with audit(running) as client:
        newest = sessions(client)[0]
        assert newest.session == visit.opened.session
        # In memory there are no canaries to look for.
        assert (newest.reason, newest.wiped, newest.training) == ("user", "unproven", True)
        *_, (answer, _) = client.follow(f"{auditor_api.NAME}.Verify", gives=auditor_api.Verifying)
        assert answer.report is not None
        assert answer.report.verdict == "sound"
        with pytest.raises(CallError) as caught:
            list(
                client.follow(
                    f"{auditor_api.NAME}.Export",
                    auditor_api.Export(),
                    gives=auditor_api.Exporting,
                )
            )
        assert running.reason(caught.value) == "training"
        running.token("Pull", "emil")
        until(lambda: _ended(client))
    assert any(isinstance(event, events.AuditViewed) for event in running.events())


def test_a_second_audit_is_served_while_the_first_one_ends(running: Running) -> None:
    with audit(running) as first:
        sessions(first)
        with audit(running) as second:
            assert sessions(second)
            until(lambda: _ended(first))
    running.token("Pull", "emil")


def test_an_administrator_sees_the_machine(running: Running) -> None:
    running.token("Insert", "nora")
    wanted = broker_api.LogIn("nora", PIN)
    found = running.touching(lambda: running.ask("Machine", wanted, broker_api.Machine)[0])
    running.token("Pull", "nora")
    assert {one.name for one in found.people} == {"anna", "ruth", "emil", "nora"}
    assert [one.name for one in found.space] == ["workspaces"]
    assert "training" in found.own
    assert found.health is None
    assert msgspec.json.encode(found)


def _ended(client: Client) -> bool:
    return client._connection.has_hung_up()
