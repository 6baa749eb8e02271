"""A process that was taken over logs what it did not do, or learns whom a pseudonym stands for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from appliance.audit.entries import events, fields
from appliance.audit.entries.events import AnyEvent
from appliance.audit.service import protocol
from appliance.audit.service.protocol import WORKER_BUDGET, Budget
from tests.attacks.ledger import OTHER, OWN, Daemon

NOT_YOURS = protocol.Rejected("not-yours")
HASH, SIGN = "ab" * 32, "cd" * 16


def about(session: str) -> list[AnyEvent]:
    """What a worker logs of a session: one of each kind that names one."""
    return [
        events.SamePersonChecked(session, 1, "same", 99, 36),
        events.MediaImported(session, SIGN, "source", "photo", 1, "camera", SIGN),
        events.JobStarted(session, 1, "mesh", "photo", HASH),
        events.JobFinished(session, 1, HASH, 1, 1, 5),
        events.JobRefused(session, 1, "stopped"),
        events.HandedOver(session, "preview", HASH, 7),
        events.ResultRefused(session, HASH, "second-person"),
        events.EscapeAttempt("seccomp", "socket", 1, session),
        events.SealResult("sealed", ("seccomp",), 7, 7, 0, session),
        events.PolicyLoaded(HASH, "clinic", session),
        events.ModelPackLoaded(HASH, 1, "valid", session),
    ]


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    serving = Daemon(tmp_path / "ledger")
    yield serving
    serving.close()


@pytest.mark.parametrize("number", range(len(about(OWN))))
def test_a_worker_logs_about_its_own_session_only(daemon: Daemon, number: int) -> None:
    worker = daemon.worker(OWN)
    assert worker.log(about(OTHER)[number]) == "not-yours"
    assert worker.log(about("f" * 16)[number]) == "not-yours"
    assert worker.log(about(OWN)[number]) == "logged"
    # The control: without the restriction, the same connection could.
    assert daemon.line("test").log(about(OTHER)[number]) == "logged"


def test_a_batch_in_which_one_event_is_foreign_is_refused_whole(daemon: Daemon) -> None:
    worker = daemon.worker()
    assert worker.log(about(OWN)[0], about(OTHER)[0]) == "not-yours"
    assert daemon.events() == [events.EntryRefused("worker", "session", 1, OWN)]
    assert worker.log(about(OWN)[0], about(OWN)[1]) == "logged"


def test_an_event_without_a_session_gets_the_one_of_its_connection(daemon: Daemon) -> None:
    worker = daemon.worker()
    policy, attempt = events.PolicyLoaded(HASH, "clinic"), events.EscapeAttempt("guard", "exec", 1)
    assert worker.log(policy, attempt) == "logged"
    assert daemon.line("embedded").log(policy) == "logged"
    stamped, also, command = daemon.events()
    assert stamped == msgspec.structs.replace(policy, session=OWN)
    assert also == msgspec.structs.replace(attempt, session=OWN)
    assert command == policy


@pytest.mark.parametrize(
    ("role", "event"),
    [
        ("worker", events.SessionWiped(OWN, HASH, "luks-header-dropped", 4, 0, 5)),
        ("worker", events.SessionOpened(OWN, SIGN)),
        ("worker", events.ReleaseRequested(OWN, 3, HASH, SIGN, 900)),
        ("worker", events.ReleaseViewed(OWN, 1, SIGN)),
        ("worker", events.ReleaseApproved(OWN, 1, HASH, SIGN)),
        ("worker", events.ReleaseDeclined(OWN, 1, "consent", SIGN)),
        ("worker", events.ReleaseRefused(OWN, "decide", "expired", SIGN, 1)),
        ("worker", events.ReleaseTaken(OWN, 2)),
        ("keeper", events.ReleaseApproved(OWN, 1, HASH, SIGN)),
        ("worker", events.LoginGranted(SIGN, "fido2")),
        ("worker", events.WorkspaceErased(HASH, "memory-dropped", 1, 0, "whole", 5)),
        ("worker", events.EntryRefused("worker", "kind", 77, OWN)),
        ("broker", about(OWN)[0]),
        ("broker", about(OWN)[3]),
        ("broker", events.WorkspaceErased(HASH, "memory-dropped", 1, 0, "whole", 5)),
        ("broker", events.ClockChanged(5)),
        ("keeper", events.SessionWiped(OWN, HASH, "luks-header-dropped", 4, 0, 5)),
        ("keeper", about(OWN)[3]),
        ("embedded", events.WorkspaceErased(HASH, "memory-dropped", 1, 0, "whole", 5)),
        ("embedded", events.Boot("1.0")),
    ],
)
def test_no_role_logs_what_another_does(daemon: Daemon, role: fields.Role, event: AnyEvent) -> None:
    line = daemon.worker() if role == "worker" else daemon.line(role)
    assert line.log(event) == "not-yours"
    assert event not in daemon_events(daemon)


def daemon_events(daemon: Daemon) -> list[AnyEvent]:
    """What was logged, once something is, so that there is a first entry."""
    daemon.line("test").log(events.LogRead("show", 0, 0, 1))
    return daemon.events()


def test_each_role_logs_its_own(daemon: Daemon) -> None:
    """The control of the refusals."""
    erased = events.WorkspaceErased(HASH, "memory-dropped", 1, 0, "whole", 5)
    assert daemon.line("keeper").log(erased) == "logged"
    assert daemon.line("broker").log(events.SessionOpened(OWN, SIGN)) == "logged"
    assert daemon.worker().log(*about(OWN)) == "logged"


def test_a_worker_learns_no_pseudonym_of_a_person_or_patient(daemon: Daemon) -> None:
    worker, broker = daemon.worker(), daemon.line("broker")
    patient = broker.ask(protocol.Name("patient", b"Erika Mustermann"))
    assert isinstance(patient, protocol.NameGiven)
    own: tuple[protocol.Name, ...] = (
        protocol.Name("file", b"Erika Mustermann"),
        protocol.Name("consent", b"Erika Mustermann"),
    )
    for name in own:
        reply = worker.ask(name)
        assert isinstance(reply, protocol.NameGiven)
        assert reply != patient
        assert broker.ask(name) == NOT_YOURS
    assert worker.ask(protocol.Name("patient", b"Erika Mustermann")) == NOT_YOURS
    assert worker.ask(protocol.Name("person", b"anna")) == NOT_YOURS
    assert daemon.line("keeper").ask(protocol.Name("person", b"anna")) == NOT_YOURS


def test_a_restriction_is_neither_lifted_nor_widened(daemon: Daemon) -> None:
    worker = daemon.worker(OWN, Budget(2, 1, 10_000))
    assert worker.ask(protocol.Restrict("worker", OTHER, WORKER_BUDGET)) == NOT_YOURS
    same = protocol.Restrict("worker", OWN, WORKER_BUDGET)
    assert worker.ask(same) == protocol.RestrictedTo("worker", OWN)
    assert worker.log(about(OTHER)[0]) == "not-yours"
    assert worker.log(about(OWN)[0], about(OWN)[1]) == "logged"
    assert worker.log(about(OWN)[0]) == "exhausted"  # still the smaller budget
    refused = [event for event in daemon.events() if isinstance(event, events.EntryRefused)]
    assert [event.reason for event in refused] == ["restriction", "session", "budget"]
    # The control: an unrestricted connection may choose the session.
    assert daemon.worker(OTHER).log(about(OTHER)[0]) == "logged"


def test_a_worker_that_was_not_restricted_says_nothing(daemon: Daemon) -> None:
    worker = daemon.line("worker")
    assert worker.log(about(OWN)[0]) == "not-yours"
    assert worker.ask(protocol.Name("file", b"x")) == NOT_YOURS
    assert worker.ask(protocol.Restrict("worker", OWN, WORKER_BUDGET)) == NOT_YOURS


def test_nothing_is_added_to_a_session_that_was_wiped(daemon: Daemon) -> None:
    worker, broker = daemon.worker(), daemon.line("broker")
    assert worker.log(about(OWN)[0]) == "logged"
    closed = events.SessionClosed(OWN, "user", 1, 5)
    wiped = events.SessionWiped(OWN, HASH, "luks-header-dropped", 4, 0, 5)
    assert broker.log(closed, wiped) == "logged"
    assert worker.log(about(OWN)[3]) == "not-yours"
    assert worker.ask(protocol.Name("file", b"x")) == NOT_YOURS
    another = daemon.line("broker").ask(protocol.Restrict("worker", OWN, WORKER_BUDGET))
    assert another == NOT_YOURS
    assert daemon.worker(OTHER).log(about(OTHER)[3]) == "logged"


def test_what_was_refused_is_counted_in_the_log(daemon: Daemon) -> None:
    worker = daemon.worker()
    for _ in range(1000):
        assert worker.log(about(OTHER)[0]) == "not-yours"
    worker.hang_up()
    logged = daemon.events()
    assert len(logged) == 11  # after 1, 2, 4 … 512, and at the end
    assert logged[-1] == events.EntryRefused("worker", "session", 1000, OWN)
    assert {entry.by for entry in daemon.entries()} == {"audit"}
    assert daemon.line("broker").log(about(OWN)[0]) == "not-yours"
    assert daemon.events()[-1] == events.EntryRefused("broker", "kind", 1)
