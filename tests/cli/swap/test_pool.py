"""A video shared out among processes of a command, really sealed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import av
import msgspec
import pytest

from appliance.cli.process.fork_pool import Placement, placements
from appliance.policy.policy import EMBEDDED
from tests.cli.conftest import Call
from tests.inference.packs import write_policy, write_standins
from tests.paths import REPOSITORY

SEALED = "2"  # SECCOMP_MODE_FILTER, as proc_pid_status(5) shows it


@pytest.fixture
def command(
    tmp_path: Path, people: Mapping[str, Path], clip: Path, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """A swap of the clip by two processes into ``out.mp4``."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    pack = write_standins(tmp_path / "pack", "inswapper", "arcface")
    files = {
        "--source": people["a"],
        "--target": clip,
        "--output": tmp_path / "out.mp4",
        "--pack": pack,
        "--policy": write_policy(tmp_path / "policy.yaml"),
    }
    words = [str(word) for option in files.items() for word in option]
    swap = ["swap", *words, "--provider", "cpu", "--processes", "2", "--json"]
    return [sys.executable, "-m", "appliance.cli.main", *swap]


def children(process: int) -> dict[int, str]:
    """The system call filter of each process that ``process`` has made."""
    found = {}
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            facts = dict(line.split(":\t", 1) for line in status.read_text().splitlines())
        except OSError:
            continue  # it ended meanwhile
        if facts["PPid"].strip() == str(process):
            found[int(facts["Pid"])] = facts["Seccomp"].strip()
    return found


def test_members_are_sealed_and_their_video_is_whole(command: list[str], tmp_path: Path) -> None:
    process = subprocess.Popen(
        command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    seen: dict[int, set[str]] = {}
    while process.poll() is None:
        for child, state in children(process.pid).items():
            seen.setdefault(child, set()).add(state)
        time.sleep(0.05)
    out, err = process.communicate()
    assert (process.returncode, err) == (0, b"")
    assert sum(SEALED in states for states in seen.values()) == 2
    found = json.loads(out)
    assert (found["engine"], found["frames"]) == ("generator inswapper", 72)
    assert found["frames_swapped"] == found["faces_swapped"] == 72
    with av.open(str(tmp_path / "out.mp4")) as result:
        assert len(result.streams.audio) == 1
        assert sum(1 for _ in result.decode(video=0)) == 72


def test_a_photo_needs_nobody_s_help(
    command: list[str], people: Mapping[str, Path], tmp_path: Path
) -> None:
    photo = [word.replace("out.mp4", "out.png") for word in command]
    photo[photo.index("--target") + 1] = str(people["c"])
    done = subprocess.run(photo, cwd=REPOSITORY, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert (tmp_path / "out.png").stat().st_size > 1000


def test_who_stops_the_command_stops_its_members(command: list[str], tmp_path: Path) -> None:
    process = subprocess.Popen(
        command,
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    while SEALED not in (states := children(process.pid)).values() and process.poll() is None:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in err
    assert not (tmp_path / "out.mp4").exists()
    for _ in range(200):
        left = [child for child in states if Path(f"/proc/{child}").exists()]
        if not left:
            break
        time.sleep(0.1)
    assert not left


def test_devices_and_processes_say_how_many_members_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cores = len(os.sched_getaffinity(0))
    assert placements((), None, "cpu", EMBEDDED) == []
    assert placements((), 1, "cpu", EMBEDDED) == []
    share = max(1, cores // 2)
    assert placements((), 2, "cpu", EMBEDDED) == [Placement(0, share)] * 2
    assert placements((0, 1), 1, "cuda", EMBEDDED) == [Placement(0, share), Placement(1, share)]
    devices = [place.device for place in placements((0, 3), 2, "cuda", EMBEDDED)]
    assert devices == [0, 3, 0, 3]
    monkeypatch.setattr("appliance.cli.process.fork_pool.gpus", lambda: 2)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(32)))
    monkeypatch.setattr("appliance.cli.process.fork_pool.least_free", lambda: 140_000)
    both = [Placement(0, None), Placement(1, None)]
    assert placements((), None, None, EMBEDDED) == both * 4
    assert placements((1,), None, "cuda", EMBEDDED) == [Placement(1, None)] * 4
    assert placements((), 1, "cuda", EMBEDDED) == both
    assert placements((), None, "cpu", EMBEDDED) == []
    monkeypatch.setattr("appliance.cli.process.fork_pool.least_free", lambda: 11_500)
    assert placements((), None, "cuda", EMBEDDED) == both * 2
    assert placements((1,), 3, "cuda", EMBEDDED) == [Placement(1, None)] * 3
    monkeypatch.setattr("appliance.cli.process.fork_pool.least_free", lambda: 3_000)
    assert placements((0,), None, "cuda", EMBEDDED) == []
    without = msgspec.structs.replace(EMBEDDED.engine, gpu=False)
    assert placements((), None, None, msgspec.structs.replace(EMBEDDED, engine=without)) == []


@pytest.mark.parametrize("numbers", ["0,", "a", "1,1", "-1", ""])
def test_devices_are_numbers_each_once(
    numbers: str, call: Call, people: Mapping[str, Path]
) -> None:
    person = people["a"]
    words = ("--source", person, "--target", person, "--output", person.with_name("o.png"))
    outcome = call("swap", *words, "--device", numbers)
    assert outcome.code == 2
    assert "--device" in outcome.err
