"""A video shared among processes of a command that are really sealed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
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

# The command, whose members report their process id and what opening a file gives them, as soon as
# they have loaded their engine and before they read a photo. Standard error is the one descriptor
# of the command that they keep open, so that its end tells that all of them have ended.
_OBSERVED = """
import errno, os, sys
from appliance.cli.main import main
from appliance.cli.process import fork_pool

make = fork_pool._make_member

def attempt():
    try:
        os.close(os.open(sys.argv[sys.argv.index("--source") + 1], os.O_RDONLY))
    except OSError as error:
        return errno.errorcode[error.errno]
    return "opened"

def observed(memory, place, photos, load, prepare):
    def load_and_report(place):
        engine = load(place)
        os.write(2, f"{os.getpid()} {attempt()}\\n".encode())
        return engine
    return make(memory, place, photos, load_and_report, prepare)

fork_pool._make_member = observed
main()
"""


@pytest.fixture
def arguments(
    tmp_path: Path, people: Mapping[str, Path], clip: Path, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """A swap of the clip by two processes into ``out.mp4``."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")  # the observer imports numpy before main
    pack = write_standins(tmp_path / "pack", "inswapper", "arcface")
    files = {
        "--source": people["a"],
        "--target": clip,
        "--output": tmp_path / "out.mp4",
        "--pack": pack,
        "--policy": write_policy(tmp_path / "policy.yaml"),
    }
    words = [str(word) for option in files.items() for word in option]
    return ["swap", *words, "--provider", "cpu", "--processes", "2", "--json"]


def test_members_are_sealed_before_they_read_a_photo_and_the_video_is_complete(
    arguments: list[str], tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _OBSERVED, *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    reports = dict(line.split() for line in done.stderr.splitlines())
    assert list(reports.values()) == ["EPERM", "EPERM"]
    found = json.loads(done.stdout)
    assert (found["engine"], found["frames"]) == ("generator inswapper", 72)
    assert found["frames_swapped"] == found["faces_swapped"] == 72
    with av.open(str(tmp_path / "out.mp4")) as result:
        assert len(result.streams.audio) == 1
        assert sum(1 for _ in result.decode(video=0)) == 72


def test_a_photo_is_swapped_without_a_pool(
    arguments: list[str], people: Mapping[str, Path], tmp_path: Path
) -> None:
    photo = [word.replace("out.mp4", "out.png") for word in arguments]
    photo[photo.index("--target") + 1] = str(people["c"])
    done = subprocess.run(
        [sys.executable, "-c", _OBSERVED, *photo], cwd=REPOSITORY, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert (tmp_path / "out.png").stat().st_size > 1000


def test_interrupting_the_command_ends_its_members(arguments: list[str], tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _OBSERVED, *arguments],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stderr is not None
    first = process.stderr.readline()
    assert first.endswith(b" EPERM\n")
    os.killpg(process.pid, signal.SIGINT)
    # Standard error ends when the last member has ended; one that lives on fails here.
    _, rest = process.communicate(timeout=600)
    assert process.returncode == 130
    assert b"Traceback" not in rest
    assert not (tmp_path / "out.mp4").exists()


def test_devices_and_processes_decide_the_number_of_members(
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
    monkeypatch.setattr("appliance.cli.process.fork_pool.least_free_mib", lambda: 140_000)
    both = [Placement(0, None), Placement(1, None)]
    assert placements((), None, None, EMBEDDED) == both * 4
    assert placements((1,), None, "cuda", EMBEDDED) == [Placement(1, None)] * 4
    assert placements((), 1, "cuda", EMBEDDED) == both
    assert placements((), None, "cpu", EMBEDDED) == []
    monkeypatch.setattr("appliance.cli.process.fork_pool.least_free_mib", lambda: 11_500)
    assert placements((), None, "cuda", EMBEDDED) == both * 2
    assert placements((1,), 3, "cuda", EMBEDDED) == [Placement(1, None)] * 3
    monkeypatch.setattr("appliance.cli.process.fork_pool.least_free_mib", lambda: 3_000)
    assert placements((0,), None, "cuda", EMBEDDED) == []
    without = msgspec.structs.replace(EMBEDDED.engine, gpu=False)
    assert placements((), None, None, msgspec.structs.replace(EMBEDDED, engine=without)) == []


@pytest.mark.parametrize("numbers", ["0,", "a", "1,1", "-1", ""])
def test_a_list_of_devices_that_is_malformed_is_refused(
    numbers: str, call: Call, people: Mapping[str, Path]
) -> None:
    person = people["a"]
    words = ("--source", person, "--target", person, "--output", person.with_name("o.png"))
    outcome = call("swap", *words, "--device", numbers)
    assert outcome.code == 2
    assert "--device" in outcome.err


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--processes", "2"), 2, "--processes needs --pack"),
        (("--device", "0,1"), 2, "Several GPUs (--device) need --pack"),
        (("--device", "0"), 6, "would run on the processor"),
    ],
)
def test_what_would_be_ignored_is_refused(
    options: tuple[str, ...], code: int, words: str, call: Call, people: Mapping[str, Path]
) -> None:
    person, output = people["a"], people["a"].with_name("o.png")
    files = ("--source", person, "--target", person, "--output", output)
    outcome = call("swap", *files, "--provider", "cpu", *options)
    assert outcome.code == code
    assert words in outcome.err
    assert not output.exists()
