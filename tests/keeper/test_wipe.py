"""The order of a wipe, and what it does when a step fails. The kernel's part is in tests/lab."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import pytest

from appliance.errors import SessionError
from appliance.keeper import units, wipe
from appliance.keeper.protocol import Erased
from appliance.keeper.volume import Canary, Owner

PLAIN = bytes(range(256)) * 16


@dataclass
class Volume:
    """Notes what it is asked to do."""

    method: ClassVar[Erased] = "luks-header-dropped"

    done: list[str]
    readable: int = 0
    key_id: str = "ab" * 32
    canaries: tuple[Canary, ...] = field(default=(Canary(PLAIN, 0, bytes(4096)),))

    def make(self, owner: Owner) -> None:
        raise NotImplementedError

    def close(self) -> None:
        self.done.append("close")

    def drop(self) -> None:
        self.done.append("header")

    def discard(self) -> None:
        self.done.append("discard")

    def found(self) -> int:
        return self.readable


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The steps that were taken, in order; the machine is not touched."""
    steps: list[str] = []
    for name in ("kill", "unmount"):
        monkeypatch.setattr(units, name, lambda _slot, name=name: steps.append(name))
    monkeypatch.setattr(wipe, "_no_trace_of", lambda _slot: steps.append("probe"))
    monkeypatch.setattr(wipe, "_LEFTOVERS", (tmp_path,))
    monkeypatch.setattr(wipe, "_JOURNALS", ())
    return steps


def test_all_steps_are_taken_in_order(done: list[str]) -> None:
    erasure = wipe.wipe("w0", Volume(done))
    assert done == ["kill", "unmount", "close", "header", "discard", "probe"]
    assert (erasure.failed, erasure.before, erasure.after) == (None, 1, 0)


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


def test_a_canary_that_can_still_be_read_fails_the_wipe(done: list[str]) -> None:
    erasure = wipe.wipe("w0", Volume(done, readable=1))
    assert (erasure.failed, erasure.after) == ("probe", 1)


def test_a_canary_left_in_a_temporary_file_is_found(done: list[str], tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/left").write_bytes(b"before" + PLAIN + b"after")
    (tmp_path / "empty").touch()
    erasure = wipe.wipe("w0", Volume(done))
    assert (erasure.failed, erasure.after) == ("probe", 1)
