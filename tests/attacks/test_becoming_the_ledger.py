"""A caller wants its work out of the log: it offers the worker a ledger of its own."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.audit.entries import events
from appliance.audit.service.embedded import EmbeddedAudit
from appliance.errors import WireError
from appliance.protocols import worker_api, worker_control_api
from appliance.protocols.worker_api import NAME
from appliance.protocols.worker_control_api import NAME as CONTROL
from appliance.wire.client import Client
from appliance.wire.message import CallError
from appliance.wire.service import MAX_CALLERS_OF_USER
from tests.worker.process import SESSION, Worker, begin, logged_events, portrait, start, working


@pytest.fixture
def audit(tmp_path: Path) -> Iterator[EmbeddedAudit]:
    """The ledger of the session."""
    with EmbeddedAudit(tmp_path / "ledger") as ledger:
        yield ledger


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Worker]:
    """A worker that nothing was asked of yet."""
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    worker = start(tmp_path, workspace)
    yield worker
    worker.end()


@pytest.fixture
def own_ledger(tmp_path: Path) -> Iterator[EmbeddedAudit]:
    """What the attacker offers: a ledger that says yes to everything."""
    with EmbeddedAudit(tmp_path / "own") as ledger:
        yield ledger


def _begin_at(client: Client, name: str, worker: Worker, ledger: EmbeddedAudit) -> None:
    client.call(
        f"{name}.Begin",
        worker_control_api.Begin(SESSION, worker.policy),
        gives=worker_control_api.Jobs,
        descriptors=[ledger.client.fileno()],
    )


def _events(folder: Path) -> list[type[events.AnyEvent]]:
    return [type(event) for event in logged_events(folder)]


def test_what_would_make_a_ledger_of_it_is_not_in_the_interface_of_callers(
    tmp_path: Path, audit: EmbeddedAudit, own_ledger: EmbeddedAudit
) -> None:
    with working(tmp_path, audit) as (worker, client):
        for name in (NAME, CONTROL):
            with pytest.raises((CallError, WireError)) as refused:
                _begin_at(client, name, worker, own_ledger)
            if isinstance(refused.value, CallError):
                assert refused.value.error.endswith("NotFound")
        another = worker.client()
        worker.take_in(another, portrait("person_a_1.jpg"))
        another.close()
    assert events.MediaImported not in _events(tmp_path / "own")
    assert events.MediaImported in _events(tmp_path / "ledger")


def test_the_same_call_by_the_broker_makes_a_ledger_of_it(
    fresh: Worker, tmp_path: Path, own_ledger: EmbeddedAudit
) -> None:
    """The control: what the attacker offers is a ledger, and the call is what it should be."""
    begin(fresh, own_ledger.client)
    caller = fresh.client()
    fresh.take_in(caller, portrait("person_a_1.jpg"))
    caller.close()
    fresh.end()
    assert events.MediaImported in _events(tmp_path / "own")


def test_no_caller_is_served_before_there_is_a_ledger(fresh: Worker) -> None:
    early = fresh.client()
    with pytest.raises(WireError):
        early.call(f"{NAME}.Results", gives=worker_api.Results)
    early.close()
    assert fresh.process.wait(60) == 0  # nor after: the worker has ended


def test_a_second_ledger_is_refused_and_the_worker_ends(
    fresh: Worker, audit: EmbeddedAudit, own_ledger: EmbeddedAudit
) -> None:
    reports = begin(fresh, audit.client)
    fresh.control.notify(
        f"{CONTROL}.Begin",
        worker_control_api.Begin(SESSION, fresh.policy),
        descriptors=[own_ledger.client.fileno()],
    )
    with pytest.raises(WireError):
        list(reports)
    assert fresh.process.wait(60) == 0


@pytest.mark.parametrize("count", [0, 2])
def test_one_descriptor_is_the_ledger_not_none_and_not_several(
    fresh: Worker, own_ledger: EmbeddedAudit, count: int
) -> None:
    with pytest.raises((CallError, WireError)):
        fresh.control.call(
            f"{CONTROL}.Begin",
            worker_control_api.Begin(SESSION, fresh.policy),
            gives=worker_control_api.Jobs,
            descriptors=[own_ledger.client.fileno()] * count,
        )
    assert fresh.process.wait(60) == 0


def test_with_the_broker_goes_the_worker_and_every_caller(
    fresh: Worker, audit: EmbeddedAudit
) -> None:
    begin(fresh, audit.client)
    caller = fresh.client()
    assert caller.call(f"{NAME}.Results", gives=worker_api.Results)[0].results == []
    fresh.control.close()
    assert fresh.process.wait(60) == 0
    with pytest.raises(WireError):
        caller.call(f"{NAME}.Results", gives=worker_api.Results)
    caller.close()


def test_callers_who_take_every_place_keep_the_broker_out_of_nothing(
    tmp_path: Path, audit: EmbeddedAudit
) -> None:
    with working(tmp_path, audit) as (worker, client):
        others = [worker.client() for _ in range(MAX_CALLERS_OF_USER - 1)]
        for other in others:
            other.call(f"{NAME}.Results", gives=worker_api.Results)
        one_more = worker.client()
        with pytest.raises(WireError):
            one_more.call(f"{NAME}.Results", gives=worker_api.Results)
        one_more.close()
        others.pop().close()
        worker.control.notify(f"{CONTROL}.Forget")
        client.call(f"{NAME}.Results", gives=worker_api.Results)
        assert worker.process.poll() is None
        for other in others:
            other.close()


def test_a_socket_that_is_no_caller_s_does_not_stop_the_worker(
    tmp_path: Path, audit: EmbeddedAudit
) -> None:
    """A descriptor that is no connection at all is dropped."""
    with working(tmp_path, audit) as (worker, client):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as unconnected:
            worker.control.notify(f"{CONTROL}.Serve", descriptors=[unconnected.fileno()])
        client.call(f"{NAME}.Results", gives=worker_api.Results)
