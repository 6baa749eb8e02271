"""A ledger, and a worker that most tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from appliance.audit.service.embedded import EmbeddedAudit
from appliance.wire.client import Client
from tests.worker.process import Worker, working


@pytest.fixture(scope="session")
def audit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAudit]:
    with EmbeddedAudit(tmp_path_factory.mktemp("audit") / "ledger") as embedded:
        yield embedded


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory, audit: EmbeddedAudit) -> Iterator[Worker]:
    with working(tmp_path_factory.mktemp("worker"), audit) as (started, _):
        yield started


@pytest.fixture
def client(worker: Worker) -> Iterator[Client]:
    calling = worker.client()
    yield calling
    calling.close()
