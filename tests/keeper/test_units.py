"""A worker that has not started yet is not frozen, and it is killed before systemd is asked.

The kernel's and systemd's part is in tests/lab.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.errors import SessionError
from appliance.keeper import units
from appliance.keeper.volume import Owner

SYSTEMD, WORKER = "systemd\n", "python3\n"


@pytest.fixture
def group(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The control group of w0, whose one process is 7, and a /proc for it."""
    monkeypatch.setattr(units, "_PROC", tmp_path / "proc")
    monkeypatch.setattr(units, "_CGROUP", tmp_path)
    group = tmp_path / "appliance-worker@w0.service"
    group.mkdir()
    (group / "cgroup.procs").write_text("7\n")
    for process, name in (("1", SYSTEMD), ("7", WORKER)):
        (tmp_path / "proc" / process).mkdir(parents=True)
        (tmp_path / "proc" / process / "comm").write_text(name)
    return group


def test_a_worker_is_frozen(group: Path) -> None:
    units.freeze("w0")
    assert (group / "cgroup.freeze").read_text() == "1"


@pytest.mark.parametrize("processes", ["7\n", ""])
def test_a_worker_that_systemd_has_not_started_yet_is_not_frozen(
    group: Path, processes: str
) -> None:
    (group.parent / "proc/7/comm").write_text(SYSTEMD)
    (group / "cgroup.procs").write_text(processes)
    with pytest.raises(SessionError, match="has not started"):
        units.freeze("w0")


def test_a_worker_may_give_its_processes_any_name(group: Path) -> None:
    (group.parent / "proc/7/comm").write_bytes(b"\xff\xfe\n")
    units.freeze("w0")
    assert (group / "cgroup.freeze").read_text() == "1"


def test_the_kernel_kills_it_before_systemd_is_asked(
    group: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[tuple[str, ...], bool]] = []

    def systemctl(*command: str) -> str:
        asked.append((command[1:], (group / "cgroup.kill").exists()))
        return ""

    monkeypatch.setattr(units, "run", systemctl)
    monkeypatch.setattr(units, "owner_of", lambda _slot: Owner(4_000_000_000, 0))
    units.kill("w0")
    assert asked == [(("stop", "appliance-worker@w0.socket", "appliance-worker@w0.service"), True)]
