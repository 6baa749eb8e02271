"""The tests under ``guest/``. Most share a machine; what takes long has one of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab.guest.test_the_network_is_cut_off import CONTROL
from tests.lab.machine import machine

GUEST = sorted(path.name for path in (Path(__file__).parent / "guest").glob("test_*.py"))
BOOT, NETWORK = "test_boot.py", "test_the_network_is_cut_off.py"
# Seconds that each may take. A machine of their own shows what they themselves leave behind.
LONG = {"test_killed_at_any_moment.py": 5400, "test_many_sessions_in_a_row.py": 7200}
SHARING = [BOOT, *(test for test in GUEST if test not in (BOOT, NETWORK, *LONG))]


def test_in_one_machine() -> None:
    with machine() as booted:
        passed, report = booted.run(*SHARING, seconds=3600)
    print(report)
    assert passed, report


@pytest.mark.parametrize("test", LONG)
def test_in_a_machine_of_its_own(test: str) -> None:
    with machine() as booted:
        passed, report = booted.run(test, seconds=LONG[test])
    print(report)
    assert passed, report


def test_in_a_machine_with_a_network_card() -> None:
    with machine(card=True) as booted:
        passed, report = booted.run(BOOT, NETWORK, seconds=600)
        sent = booted.sent()
    print(report)
    assert passed, report
    # What was tried before would be found in front of the frame that was sent on purpose.
    assert sent
    assert CONTROL in sent[0]
