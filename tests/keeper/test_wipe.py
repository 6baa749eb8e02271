"""The order of a wipe, and what it does when a step fails. The kernel's part is in tests/lab."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from appliance.errors import SessionError
from appliance.keeper import ledger, tools, units, volume, wipe
from appliance.keeper.protocol import UNKNOWN_KEY, Erased, Erasure
from appliance.keeper.volume import CANARIES, Owner

STEPS = ["kill", "count", "unmount", "close", "header", "discard", "probe"]


@dataclass
class Volume(volume.Volume):
    """Notes what it is asked to do."""

    method: ClassVar[Erased] = "luks-header-dropped"

    done: list[str]
    key_id: str = "ab" * 32
    readable_before: Callable[[], int] = lambda: CANARIES
    readable: Callable[[], int] = lambda: 0

    def close(self) -> None:
        self.done.append("close")

    def drop(self) -> None:
        self.done.append("header")

    def discard(self) -> None:
        self.done.append("discard")

    def present(self) -> int:
        self.done.append("count")
        return self.readable_before()

    def found(self) -> int:
        return self.readable()


def _unreadable() -> int:
    raise OSError(5, "Input/output error")


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> list[Erasure]:
    """What the ledger was given."""
    erasures: list[Erasure] = []
    monkeypatch.setattr(ledger, "log", erasures.append)
    return erasures


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, logged: list[Erasure]) -> list[str]:
    """The steps that were taken, in order; the machine is not touched."""
    assert not logged
    steps: list[str] = []
    for name in ("kill", "unmount"):
        monkeypatch.setattr(units, name, lambda _slot, name=name: steps.append(name))
    monkeypatch.setattr(units, "owner_of", lambda _slot: Owner(64_001, 64_001))
    monkeypatch.setattr(wipe, "_no_trace_of", lambda _slot: steps.append("probe"))
    monkeypatch.setattr(wipe, "_SHARED", (tmp_path,))
    monkeypatch.setattr(wipe, "_SEARCH_PATIENCE", 600.0)  # however slow this machine is
    return steps


def test_all_steps_are_taken_in_order(done: list[str]) -> None:
    erasure = wipe.wipe("w0", Volume(done))
    assert done == STEPS
    assert (erasure.failed, erasure.search) == (None, "whole")
    assert (erasure.before, erasure.after) == (CANARIES, 0)


def test_the_ledger_gets_what_the_broker_gets(done: list[str], logged: list[Erasure]) -> None:
    assert [wipe.wipe("w0", Volume(done))] == logged


def test_a_keeper_that_made_no_volume_logs_nothing(done: list[str], logged: list[Erasure]) -> None:
    wipe.wipe("w0", Volume(done, key_id=UNKNOWN_KEY, readable_before=lambda: 0))
    assert logged == []


@pytest.mark.parametrize("step", ["kill", "unmount"])
def test_a_step_that_fails_does_not_keep_the_key_alive(
    done: list[str], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def fail(_slot: str) -> None:
        raise SessionError("It is busy.", "Wait.")

    monkeypatch.setattr(units, step, fail)
    erasure = wipe.wipe("w0", Volume(done))
    assert erasure.failed == step
    assert done[-4:] == ["close", "header", "discard", "probe"]


def test_before_is_what_was_counted_and_not_what_was_planted(done: list[str]) -> None:
    erasure = wipe.wipe("w0", Volume(done, readable_before=lambda: 1))
    assert (erasure.before, erasure.after, erasure.failed) == (1, 0, None)


def test_canaries_that_cannot_be_read_count_as_absent_before_and_as_found_after(
    done: list[str],
) -> None:
    erasure = wipe.wipe("w0", Volume(done, readable_before=_unreadable, readable=_unreadable))
    assert (erasure.before, erasure.after, erasure.failed) == (0, CANARIES, "probe")


def test_a_canary_that_can_still_be_read_fails_the_wipe(done: list[str]) -> None:
    erasure = wipe.wipe("w0", Volume(done, readable=lambda: 1))
    assert (erasure.failed, erasure.after) == ("probe", 1)


def test_what_systemd_is_about_to_remove_does_not_fail_the_wipe(
    done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = iter((True, True, False))
    monkeypatch.setattr(wipe, "_owns_something", lambda _user: next(looks))
    erasure = wipe.wipe("w0", Volume(done))
    assert (erasure.failed, erasure.search) == (None, "whole")
    assert list(looks) == []


def test_without_the_program_that_searches_the_record_says_so(
    done: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(tools._ENVIRONMENT, "PATH", str(tmp_path))
    erasure = wipe.wipe("w0", Volume(done))
    assert (erasure.failed, erasure.search) == (None, "partial")
