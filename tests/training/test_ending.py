"""However a training machine ends, nothing of it is left, and all that it held is wiped."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from appliance import resources
from appliance.audit.entries import events
from appliance.errors import SessionError
from appliance.training.children import Child, Program
from appliance.training.machine import Machine, Plan
from appliance.training.place import Place, remove_left
from tests.kiosk.machine import machine, until
from tests.paths import REPOSITORY


def processes_at(folder: Path) -> list[int]:
    """The processes that have the folder of a machine in their command lines."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if (
                entry.name.isdecimal()
                and os.fspath(folder).encode() in (entry / "cmdline").read_bytes()
            ):
                found.append(int(entry.name))
    return found


def test_an_open_session_is_wiped_at_the_end(tmp_path: Path) -> None:
    with machine(worker="tests.training.serving_worker") as running:
        visit = running.open()
        place, kept = running.place.folder, tmp_path / "ledger"
        assert len(processes_at(place)) == 4  # ledger, broker, keeper, worker
        running.inside.stop()
        until(lambda: not place.exists())
        erased = [one for one in running.events() if isinstance(one, events.SessionWiped)]
        assert [one.session for one in erased] == [visit.opened.session]
        assert not kept.exists()
    assert processes_at(place) == []


def test_killed_it_leaves_a_folder_that_the_next_start_removes(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "tests.training.killed_machine", os.fspath(tmp_path / "ledger")]
    with subprocess.Popen(words, cwd=REPOSITORY, stdout=subprocess.PIPE) as killed:
        assert killed.stdout is not None
        folder = Path(killed.stdout.readline().decode().strip())
        assert len(processes_at(folder)) == 4
        killed.kill()
    until(lambda: processes_at(folder) == [])
    assert not any(Place(folder).workspaces.iterdir())  # its keeper saw to that
    assert folder.exists()
    remove_left()
    assert not folder.exists()


@pytest.mark.parametrize("name", ["broker", "ledger"])
def test_what_is_killed_is_started_again(name: str) -> None:
    with machine(worker="tests.training.serving_worker") as running:
        running.open()
        running.kill(name)
        if name == "broker":  # its session went with it
            until(lambda: not any(running.place.workspaces.iterdir()))
            until(lambda: any(isinstance(one, events.SessionWiped) for one in running.events()))
        else:
            until(lambda: running.states() == ["locked"])
        until(running.has_ledger)
        running.token("Pull", "anna")
        running.open()


def test_the_ledger_killed_at_the_end_is_back_for_the_last_entry() -> None:
    with machine(worker="tests.training.serving_worker") as running:
        visit = running.open()
        os.kill(running.inside.process_id("ledger"), 9)
        running.inside.stop()
        until(lambda: not running.place.folder.exists())
        erased = [one for one in running.events() if isinstance(one, events.SessionWiped)]
        assert [one.session for one in erased] == [visit.opened.session]


def test_the_end_of_the_screen_is_that_of_the_machine(tmp_path: Path) -> None:
    policy = resources.policies() / "training.yaml"
    variables = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    screen = ("tests.training.short_screen",)
    made = Machine(Plan(policy, tmp_path / "ledger", screen, variables, {"CODE": "7"}))
    assert made.run() == 7
    assert not made.place.folder.exists()


def test_what_ends_again_and_again_is_given_up() -> None:
    child = Child(Program("service", [sys.executable, "-c", ""], dict(os.environ)))
    with pytest.raises(SessionError, match="again and again"):
        restart(child, times=9)
    child.end()


def restart(child: Child, times: int) -> None:
    for _ in range(times):
        child.end(60)
        child.start()


def test_a_policy_that_is_not_for_training_gets_no_software_tokens(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text("workspace: {backend: memory}\n")
    words = ["--place", os.fspath(tmp_path), "--policy", os.fspath(tmp_path / "policy.yaml")]
    words = [sys.executable, "-m", "appliance.training.broker", *words, "--listener", "0"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 8
    assert "not for training" in done.stderr
