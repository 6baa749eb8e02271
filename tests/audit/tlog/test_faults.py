"""Crashes, errors and a full disk at any step: what was acknowledged is in a sound log."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from appliance.audit.entries import canonical
from appliance.audit.entries.events import JobFinished
from appliance.audit.entries.reader import read_lines
from appliance.audit.entries.recorder import Recorder
from appliance.audit.keys.ledger_keys import ANCHOR, LedgerKeys, keys_folder_for
from appliance.audit.tlog.anchor import FileAnchor
from appliance.audit.tlog.appender import Ledger
from appliance.audit.tlog.reader import LedgerReader
from appliance.audit.verification.verify import verify_ledger
from appliance.cli.framework.exit_boundary import run_command
from appliance.cli.main import appliance as command
from tests.audit.synthetic import job_event, with_role

WRITER = (sys.executable, "-m", "tests.audit.writer")
# From here the jobs cross the end of a tile: 254, 255, then the first of the next.
FILLED, LAST = 254, 256

# What happens to the files of the ledger. strace counts them over all calls of the process, and
# the writes before the first are none.
STEPS = ("openat", "write", "fsync", "rename", "unlink", "flock")


@pytest.fixture
def filled(folder: Path, recorder: Recorder) -> Path:
    """A ledger whose first tile the next two entries fill."""
    recorder.record(with_role(*(job_event(n) for n in range(1, FILLED))))
    return folder


def jobs(folder: Path) -> list[tuple[int, int]]:
    """Index and job of every entry that has one."""
    reader = LedgerReader(folder)
    lines = read_lines(reader, reader.checkpoint(reader.verifier()))
    entries = [canonical.decode(line.data) for line in lines]
    return [(e.seq, e.event.job) for e in entries if isinstance(e.event, JobFinished)]


def write(folder: Path, *options: str, last: int = LAST) -> list[tuple[int, int]]:
    """Append under strace with ``options``; returns index and job of what was acknowledged."""
    strace = ("/usr/bin/strace", "-f", "-qq", "-o", "/dev/null", *options)
    done = subprocess.run(
        [*strace, *WRITER, folder, str(FILLED), str(last)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    acknowledged = [
        line.split() for line in done.stdout.splitlines() if line.endswith(tuple("0123456789"))
    ]
    return [(int(index), int(number)) for number, index in acknowledged]


def assert_whole(folder: Path, acknowledged: Sequence[tuple[int, int]]) -> None:
    """Check that it is sound and has all that was acknowledged; then append to it."""
    anchor = FileAnchor(keys_folder_for(folder) / ANCHOR)
    # Before anything repairs it, as a reader sees it on a machine that has just started.
    assert verify_ledger(folder, anchor=anchor).findings == ()
    there = jobs(folder)
    assert set(acknowledged) <= set(there)
    assert [index for index, _ in there] == list(range(1, len(there) + 1))
    assert there[: FILLED - 1] == [(n, n) for n in range(1, FILLED)]
    # Other entries were being appended when it was interrupted, in order.
    assert len({number for _, number in there}) == len(there)
    keys = LedgerKeys.load(keys_folder_for(folder))
    Recorder(Ledger(folder, keys.signer, anchor)).record(with_role(job_event(LAST + 1)))
    assert verify_ledger(folder, anchor=anchor).findings == ()
    assert set(there) < set(jobs(folder))


def count(folder: Path, tmp_path: Path) -> dict[str, int]:
    """How often an undisturbed writer takes each step on the files below ``tmp_path``."""
    copy = _copy(folder, tmp_path / "count")
    log = tmp_path / "trace"
    subprocess.run(
        [
            "/usr/bin/strace",
            "-f",
            "-qq",
            "-e",
            f"trace={','.join(STEPS)}",
            "-o",
            log,
            *WRITER,
            copy,
            str(FILLED),
            str(LAST),
        ],
        stdout=subprocess.DEVNULL,
        check=True,
    )
    lines = log.read_text().splitlines()
    return {step: sum(f" {step}(" in line for line in lines) for step in STEPS}


def _copy(folder: Path, to: Path) -> Path:
    shutil.copytree(folder, to / folder.name)
    shutil.copytree(keys_folder_for(folder), keys_folder_for(to / folder.name))
    return to / folder.name


@pytest.mark.parametrize("step", ["write", "fsync", "rename", "unlink"])
def test_killed_at_any_step(step: str, filled: Path, tmp_path: Path) -> None:
    times = count(filled, tmp_path)[step]
    assert times >= 3
    acknowledged = []
    for when in range(1, times + 1):
        copy = _copy(filled, tmp_path / f"{step}-{when}")
        done = write(copy, "-e", f"inject={step}:signal=KILL:when={when}")
        acknowledged.append(len(done))
        assert_whole(copy, done)
        shutil.rmtree(copy.parent)
    # The first interruption precedes the first append; a later one leaves more acknowledged.
    assert acknowledged == sorted(acknowledged)
    assert acknowledged[0] == 0
    assert acknowledged[-1] < LAST - FILLED + 1


@pytest.mark.parametrize("step", ["write", "fsync", "rename"])
@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
def test_an_error_at_any_step(step: str, error: str, filled: Path, tmp_path: Path) -> None:
    times = count(filled, tmp_path)[step]
    for when in range(1, times + 1, 3):
        copy = _copy(filled, tmp_path / f"{step}-{when}")
        done = write(copy, "-e", f"inject={step}:error={error}:when={when}")
        # One was refused, the others were appended; it may be in the log, but unacknowledged.
        assert len(done) >= LAST - FILLED
        assert_whole(copy, done)
        shutil.rmtree(copy.parent)


FULL = """
set -e
mount -t tmpfs -o size=640k tmpfs "$1"
python=$2; ledger=$1/ledger
$python -m appliance.cli.main audit init --ledger "$ledger" > /dev/null
head -c 400000 /dev/zero > "$1/ballast"
$python -m tests.audit.writer "$ledger" 1 900 > "$3/first"
$python -m appliance.cli.main audit verify --ledger "$ledger" > "$3/full"
rm "$1/ballast"
$python -m tests.audit.writer "$ledger" 901 910 > "$3/second"
$python -m appliance.cli.main audit verify --ledger "$ledger" > "$3/free"
"""


def test_a_full_disk_stops_appends_and_free_space_resumes_them(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    # A mount in a namespace of its own needs no privilege and leaves nothing behind.
    subprocess.run(
        [
            "/usr/bin/unshare",
            "--mount",
            "--map-root-user",
            "bash",
            "-c",
            FULL,
            "-",
            tmp_path / "disk",
            sys.executable,
            tmp_path,
        ],
        check=True,
    )
    first = dict(line.split() for line in (tmp_path / "first").read_text().splitlines())
    second = dict(line.split() for line in (tmp_path / "second").read_text().splitlines())
    assert first["1"] == "1"
    assert first["900"] == "error"
    acknowledged = sum(index != "error" for index in first.values())
    assert 100 < acknowledged < 900
    assert "error" not in second.values()
    for report, least in (("full", acknowledged), ("free", acknowledged + 10)):
        text = (tmp_path / report).read_text()
        assert "all is well" in text
        entries = int(text.split("entries")[1].split(",")[0])
        assert entries >= least + 1


def test_the_command_reports_that_the_disk_is_full(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(command, ["audit", "init", "--ledger", str(folder)]) == 0
    capsys.readouterr()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(folder))

    monkeypatch.setattr(os, "fsync", full)
    # To show the ledger is an event, so nothing is shown that cannot be logged.
    assert run_command(command, ["audit", "show", "--ledger", str(folder)]) == 10
    printed = capsys.readouterr()
    assert "disk of the ledger is full" in printed.err
    assert str(folder) not in printed.err
    assert printed.out == ""
