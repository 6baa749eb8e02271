"""A site that can release."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.releaser.process import Site
from tests.session.conftest import Daemon


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    daemon = Daemon(tmp_path)
    daemon.start()
    made = Site(tmp_path, daemon)
    yield made
    made.end()
    daemon.kill()
