"""The broker's connection to the audit daemon, with a real daemon at the other end."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from appliance.audit.entries import canonical
from appliance.audit.entries.events import LoginGranted, LoginRefused, SessionWiped
from appliance.audit.tlog.proofs import TlogProof
from appliance.errors import LedgerError
from appliance.session.ledger_connection import LedgerConnection
from tests.session.conftest import Daemon
from tests.session.standins import until

REFUSED = LoginRefused("no-token")


def test_what_is_appended_is_in_the_ledger(daemon: Daemon) -> None:
    ledger = LedgerConnection(daemon.socket)
    subject = ledger.pseudonym("person", "anna")
    ledger.append(REFUSED, LoginGranted(subject, "fido2"))
    assert daemon.events() == [REFUSED, LoginGranted(subject, "fido2")]
    assert ledger.pseudonym("person", "anna") == subject
    assert ledger.pseudonym("person", "bert") != subject


def test_what_is_appended_has_an_index_of_its_own(daemon: Daemon) -> None:
    """It is the number of a release: never 0, where the ledger has its own first entry."""
    ledger = LedgerConnection(daemon.socket)
    first = ledger.append(REFUSED, LoginRefused("no-touch"))
    second = ledger.append(LoginRefused("error"))
    assert 0 < first < second == first + 2
    assert daemon.at(first) == REFUSED
    assert daemon.at(second) == LoginRefused("error")


def test_an_erasure_is_proved_to_the_connection_that_logged_it(daemon: Daemon) -> None:
    ledger = LedgerConnection(daemon.socket)
    wiped = SessionWiped("0" * 16, "a" * 64, "luks-header-dropped", 4, 0, 9)
    first = ledger.append(REFUSED, wiped)
    proof = TlogProof.parse(ledger.proof(first + 1))
    assert (proof.index, canonical.decode(proof.entry).event) == (first + 1, wiped)
    with pytest.raises(LedgerError):
        ledger.proof(first)
    with pytest.raises(LedgerError):
        LedgerConnection(daemon.socket).proof(first + 1)
    ledger.append(REFUSED)  # a refusal breaks nothing


def test_it_notices_that_the_daemon_is_gone_and_reconnects_once_it_is_back(daemon: Daemon) -> None:
    ledger = LedgerConnection(daemon.socket)
    assert ledger.alive()
    daemon.kill()
    until(lambda: not ledger.alive())
    with pytest.raises(LedgerError):
        ledger.append(REFUSED)
    daemon.start()
    assert ledger.alive()
    ledger.append(REFUSED)
    assert daemon.events() == [REFUSED]


def test_a_call_into_a_broken_connection_fails_and_the_next_one_reconnects(daemon: Daemon) -> None:
    ledger = LedgerConnection(daemon.socket)
    ledger.append(REFUSED)
    daemon.kill()
    daemon.start()
    with pytest.raises(LedgerError):
        ledger.append(REFUSED)
    ledger.append(REFUSED)
    assert daemon.events() == [REFUSED, REFUSED]


def test_without_a_daemon_it_is_not_alive(tmp_path: Path) -> None:
    ledger = LedgerConnection(tmp_path / "none.sock")
    assert not ledger.alive()
    with pytest.raises(LedgerError):
        ledger.pseudonym("person", "anna")
    with pytest.raises(LedgerError):
        ledger.for_worker("0" * 16)


def test_a_worker_gets_a_connection_that_refuses_what_only_a_broker_may_log(daemon: Daemon) -> None:
    worker = LedgerConnection(daemon.socket).for_worker("0" * 16)
    with pytest.raises(LedgerError):
        worker.append(REFUSED)
    worker.close()
    assert daemon.events() == []


def test_a_daemon_that_takes_no_callers_makes_nobody_wait_for_ever(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as deaf, ExitStack() as waiting:
        deaf.bind(str(tmp_path / "audit.sock"))
        deaf.listen(1)
        for _ in range(2):  # the queue is full then
            one = waiting.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET))
            one.connect(str(tmp_path / "audit.sock"))
        one = waiting.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET))
        one.setblocking(False)
        with pytest.raises(BlockingIOError):  # the control: connect(2) would wait
            one.connect(str(tmp_path / "audit.sock"))
        assert not LedgerConnection(tmp_path / "audit.sock").alive()
