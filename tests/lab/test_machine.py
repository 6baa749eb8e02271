"""The tests under ``guest/``. Most share a machine; what takes long has one of its own."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.lab.emulated_drive import check_burned
from tests.lab.guest.test_the_network_is_cut_off import CONTROL
from tests.lab.image.token_at_the_lab import held
from tests.lab.screen import watched
from tests.lab.virtual_machine import machine

BOOT, NETWORK = "test_boot.py", "test_the_network_is_cut_off.py"
KILLS, IN_A_ROW = "test_killed_at_any_moment.py", "test_many_sessions_in_a_row.py"
DISC, SESSION_DISC = "test_a_disc_is_burned.py", "test_a_disc_of_a_session.py"
OUTSIDE, KIOSK = "test_a_disc_from_outside.py", "test_the_kiosk_shows.py"
USB, ONE_SESSION = "test_usb_is_refused.py", "test_a_session_from_token_to_wipe.py"
HELD = "test_a_token_from_outside.py"
APART = (BOOT, HELD, NETWORK, USB, DISC, SESSION_DISC, OUTSIDE, KIOSK, KILLS, IN_A_ROW)
GUEST = sorted(path.name for path in (Path(__file__).parent / "guest").glob("test_*.py"))
HOUR = 3600  # seconds
AT_ONCE = 2  # machines: one alone seldom has work for two processors


@dataclass(frozen=True)
class Run:
    """Whether all passed, the report, and what went out by the network card."""

    passed: bool
    report: str
    sent: list[bytes]


@dataclass(frozen=True)
class Boot:
    """What one machine runs, and after how many seconds it is taken to hang."""

    tests: tuple[str, ...]
    seconds: float
    card: bool = False
    usb: bool = False
    burner: bool = False
    disc: bool = False
    real: bool = False
    screen: bool = False
    token: bool = False

    def run(self) -> Run:
        """Boot, and wait for the end."""
        with (
            machine(
                card=self.card,
                usb=self.usb,
                burner=self.burner,
                disc=self.disc,
                real=self.real,
                screen=self.screen,
                token=self.token,
            ) as booted,
            held(booted) if self.token else nullcontext(),
            watched(booted, self.seconds) if self.screen else nullcontext(),
        ):
            passed, report = booted.run(*self.tests, seconds=self.seconds)
            print(report)  # at once: another machine may run on for long
            if self.burner and passed:
                check_burned(booted.burned, booted.release, report)
            return Run(passed, report, booted.sent() if self.card else [])


BOOTS = {
    "most": Boot((BOOT, *(test for test in GUEST if test not in APART)), 4 * HOUR),
    # Alone, so that what is left behind is theirs.
    "kills": Boot((KILLS,), 4 * HOUR),
    "in-a-row": Boot((IN_A_ROW,), 4 * HOUR),
    "network": Boot((BOOT, NETWORK), HOUR, card=True),
    "usb": Boot((BOOT, USB), HOUR, usb=True),
    "disc": Boot((BOOT, DISC), HOUR, burner=True),
    "session-disc": Boot((BOOT, SESSION_DISC), HOUR, burner=True),
    "disc-from-outside": Boot((BOOT, OUTSIDE), HOUR, disc=True),
    "screen": Boot((BOOT, KIOSK), HOUR, screen=True),
    "token": Boot((BOOT, HELD), HOUR, token=True),
    "real-networks": Boot((BOOT, ONE_SESSION), HOUR, real=True),
}


@pytest.fixture(scope="module")
def runs() -> Iterator[dict[str, Future[Run]]]:
    """All of them, the longest first."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {name: pool.submit(boot.run) for name, boot in BOOTS.items()}


@pytest.mark.parametrize("name", BOOTS)
def test_in_the_machine(runs: dict[str, Future[Run]], name: str) -> None:
    run = runs[name].result()
    assert run.passed, run.report
    # What was tried before would be found in front of the frame that was sent on purpose.
    if BOOTS[name].card:
        assert run.sent
        assert CONTROL in run.sent[0]
