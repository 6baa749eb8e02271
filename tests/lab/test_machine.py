"""The tests under ``guest/``, each in a machine that booted for them alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab.machine import machine

GUEST = sorted(path.name for path in (Path(__file__).parent / "guest").glob("test_*.py"))


@pytest.mark.parametrize("test", GUEST)
def test_in_the_machine(test: str) -> None:
    with machine() as booted:
        passed, report = booted.run(test, seconds=900)
    print(report)
    assert passed, report
