"""Ledgers, and daemons that serve them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.audit.embedded import EmbeddedAudit
from appliance.audit.events import AnyEvent, JobFinished, Role
from appliance.audit.keys import Keys, beside
from appliance.audit.ledger import Ledger, create
from appliance.audit.record import Recorder

SESSION = "0123456789abcdef"
RESULT = "ab" * 32

Record = Callable[[int], None]


def job(number: int) -> JobFinished:
    """An event that can be told from others by its job."""
    return JobFinished(SESSION, number, RESULT, 1, 1, 7)


def said(*events: AnyEvent, role: Role = "test") -> list[tuple[Role, AnyEvent]]:
    """``events`` as a recorder takes them."""
    return [(role, event) for event in events]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the ledger of a test is."""
    return tmp_path / "ledger"


@pytest.fixture
def keys(folder: Path) -> Keys:
    """The keys of an empty ledger in ``folder``."""
    made = Keys.create(beside(folder), "test.example/log")
    create(folder, made.signer)
    return made


@pytest.fixture
def ledger(folder: Path, keys: Keys) -> Ledger:
    """An empty ledger."""
    return Ledger(folder, keys.signer)


@pytest.fixture
def recorder(ledger: Ledger) -> Recorder:
    """Writes to ``ledger``."""
    return Recorder(ledger)


@pytest.fixture
def embedded(folder: Path) -> EmbeddedAudit:
    """A child daemon with a ledger of its own making in ``folder``."""
    return EmbeddedAudit(folder)
