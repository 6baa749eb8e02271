"""A ledger with a session of every kind of end, and the auditor over it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.audit.keys.ledger_keys import keys_folder_for
from appliance.wire.client import Client
from tests.auditor.endings import make_ledger
from tests.auditor.served import serving


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_ledger(tmp_path_factory.mktemp("endings") / "ledger")


@pytest.fixture
def ledger(made_once: Path, tmp_path: Path) -> Path:
    """A copy, with its keys, to be changed."""
    folder = tmp_path / "ledger"
    shutil.copytree(made_once, folder)
    shutil.copytree(keys_folder_for(made_once), keys_folder_for(folder))
    return folder


@pytest.fixture
def client(ledger: Path, tmp_path: Path) -> Iterator[Client]:
    with serving(ledger, tmp_path) as client:
        yield client
