"""Ledgers, and daemons that serve them."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.audit.entries.recorder import Recorder
from appliance.audit.keys.ledger_keys import ANCHOR, LedgerKeys, keys_folder_for
from appliance.audit.service.embedded import EmbeddedAudit
from appliance.audit.tlog.anchor import FileAnchor
from appliance.audit.tlog.appender import Ledger, create_ledger
from tests.audit.large import LargeLog, make_large_log


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the ledger of a test is."""
    return tmp_path / "ledger"


@pytest.fixture
def anchor(folder: Path) -> FileAnchor:
    """Where the ledger in ``folder`` keeps its last checkpoint a second time."""
    return FileAnchor(keys_folder_for(folder) / ANCHOR)


@pytest.fixture
def keys(folder: Path, anchor: FileAnchor) -> LedgerKeys:
    """The keys of an empty ledger in ``folder``."""
    made = LedgerKeys.create(keys_folder_for(folder), "test.example/log")
    create_ledger(folder, made.signer, anchor)
    return made


@pytest.fixture
def ledger(folder: Path, keys: LedgerKeys, anchor: FileAnchor) -> Ledger:
    """An empty ledger."""
    return Ledger(folder, keys.signer, anchor)


@pytest.fixture
def recorder(ledger: Ledger) -> Recorder:
    """Writes to ``ledger``."""
    return Recorder(ledger)


@pytest.fixture
def embedded(folder: Path) -> EmbeddedAudit:
    """A child daemon with a ledger of its own making in ``folder``."""
    return EmbeddedAudit(folder)


@pytest.fixture(scope="session")
def large_log(tmp_path_factory: pytest.TempPathFactory) -> LargeLog:
    """A log of 70,000 entries; a test that changes it copies it first."""
    return make_large_log(tmp_path_factory.mktemp("large") / "ledger")
