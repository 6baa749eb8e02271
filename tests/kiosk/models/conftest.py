"""The bench that models are tested on."""

from __future__ import annotations

import pytest

from tests.kiosk.models import standins


@pytest.fixture
def bench() -> standins.Bench:
    return standins.bench()
