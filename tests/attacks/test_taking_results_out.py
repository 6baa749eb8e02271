"""A caller wants a result out of the appliance: without a second person, or without a record."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import pytest

from appliance.audit.entries import events
from appliance.audit.service.embedded import EmbeddedAudit
from appliance.policy.policy import Gate, Policy
from appliance.protocols import worker_api
from appliance.protocols.worker_api import NAME
from appliance.wire.message import CallError, Empty
from appliance.worker.hand_over import HandOver
from appliance.worker.pipes import MAX_PIPES
from appliance.worker.policy_gates import PolicyGates
from appliance.worker.served_session import ServedSession
from appliance.worker.workspace import Item
from tests.worker.process import SESSION, logged_events, portrait, read_all, working

EXPORT = Policy().export
WITHOUT_SECOND_PERSON = msgspec.structs.replace(EXPORT, second_person=False)


def _served(audit: EmbeddedAudit) -> ServedSession:
    gates = PolicyGates(Gate(), SESSION, audit.client)
    return ServedSession(SESSION, audit.client, gates)


def _about_leaving(ledger: Path) -> list[events.AnyEvent]:
    leaving = (events.HandedOver, events.ResultRefused)
    return [event for event in logged_events(ledger) if isinstance(event, leaving)]


def test_a_result_is_refused_and_a_preview_is_recorded(tmp_path: Path) -> None:
    with (
        EmbeddedAudit(tmp_path / "ledger") as audit,
        working(tmp_path, audit) as (worker, client),
    ):
        source = worker.take_in(client, portrait("person_a_1.jpg"), "source").item
        target = worker.take_in(client, portrait("person_b_1.jpg")).item
        wanted = worker_api.Swap([source], target, {"face": 1.0})
        done, _ = client.call(f"{NAME}.Swap", wanted, gives=worker_api.Progress)
        assert done.result is not None
        with pytest.raises(CallError, match="NotReleased"):
            client.call(
                f"{NAME}.Result", worker_api.Item(done.result), gives=worker_api.Result, attached=1
            )
        result = worker.result(done.result)
        preview = worker_api.Preview([source], target, {"face": 1.0}, side=128)
        _, (pipe,) = client.call(f"{NAME}.Preview", preview, gives=Empty, attached=1)
        shown = read_all(pipe)
    assert _about_leaving(tmp_path / "ledger") == [
        events.ResultRefused(SESSION, hashlib.sha256(result).hexdigest(), "second-person"),
        events.HandedOver(SESSION, "preview", hashlib.sha256(shown).hexdigest(), len(shown)),
    ]


def test_where_no_second_person_is_demanded_a_result_leaves_with_a_record(tmp_path: Path) -> None:
    """The control: with the one key of the policy turned, the same result is handed over."""
    file = tmp_path / "result"
    file.write_bytes(b"a result")
    digest = hashlib.sha256(b"a result").hexdigest()
    with EmbeddedAudit(tmp_path / "ledger") as audit:
        with pytest.raises(CallError, match="NotReleased"):
            HandOver(_served(audit), EXPORT).result(Item(file, "photo"))
        answer, pipe = HandOver(_served(audit), WITHOUT_SECOND_PERSON).result(Item(file, "photo"))
        assert read_all(pipe) == b"a result"
        assert answer == worker_api.Result("photo", 8, digest)
    assert _about_leaving(tmp_path / "ledger") == [
        events.ResultRefused(SESSION, digest, "second-person"),
        events.HandedOver(SESSION, "result", digest, 8),
    ]


def test_pipes_that_are_not_read_use_up_nothing(tmp_path: Path) -> None:
    large = bytes(1 << 20)  # bytes; more than a pipe holds
    with EmbeddedAudit(tmp_path / "ledger") as audit:
        hand_over = HandOver(_served(audit), EXPORT)
        unread = [hand_over.preview(large) for _ in range(MAX_PIPES)]
        with pytest.raises(CallError, match="Busy"):
            hand_over.preview(large)
        for pipe in unread:
            assert read_all(pipe) == large
    # What was refused did not leave, and is not recorded as if it had.
    assert len(_about_leaving(tmp_path / "ledger")) == MAX_PIPES
