from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from appliance.cli.framework.standard_streams import GuardedStream, StandardOutputError, _fail
from tests.cli.conftest import CANARY

APPLIANCE = (sys.executable, "-m", "appliance.cli.main")
READS, EXPLAINS, RUNS = ("policy", "show"), ("inspect", f"/{CANARY}"), ("doctor", "--json")


def run(words: tuple[str, ...], streams: str) -> subprocess.CompletedProcess[str]:
    """The command with some of its streams redirected as a shell writes it."""
    shell = ["sh", "-c", f'exec "$@" {streams}', "sh", *APPLIANCE, *words]
    return subprocess.run(
        shell, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )


@pytest.mark.parametrize(
    ("words", "streams", "code"),
    [
        (READS, ">&-", 0),
        (READS, "2>&-", 0),
        (READS, "<&- >&- 2>&-", 0),
        (READS, "2>/dev/full", 0),
        (EXPLAINS, "2>&-", 3),
        (EXPLAINS, "2>/dev/full", 3),
        (EXPLAINS, ">&- 2>/dev/full", 3),
        (("--help",), ">&-", 0),
        (("swap",), "2>&-", 2),
        (RUNS, "<&- >&- 2>&-", 0),
    ],
)
def test_a_command_works_without_its_streams(
    words: tuple[str, ...], streams: str, code: int
) -> None:
    done = run(words, streams)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "streams", "reason"),
    [
        (READS, ">/dev/full", "no space"),
        (("--help",), ">/dev/full", "no space"),
        (("--version",), ">/dev/full", "no space"),
        (RUNS, ">/dev/full", "no space"),
        (READS, "1</dev/null", "for reading"),
    ],
)
def test_output_that_cannot_be_written_is_an_error_of_two_lines(
    words: tuple[str, ...], streams: str, reason: str
) -> None:
    done = run(words, streams)
    assert done.returncode == 1
    assert done.stdout == ""
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == ["error", "hint"]
    assert reason in done.stderr


def test_an_error_of_the_command_comes_before_that_of_its_output() -> None:
    assert run(EXPLAINS, ">/dev/full").returncode == 3


def test_the_result_of_a_swap_is_there_whatever_its_streams_are(
    people: dict[str, Path], folder: Path
) -> None:
    for number, (streams, code) in enumerate((("<&- >&- 2>&-", 0), (">/dev/full", 1))):
        output = folder / f"{number}.jpg"
        files = {"--source": people["a"], "--target": people["c"], "--output": output}
        words = ("swap", "--json", *(str(word) for pair in files.items() for word in pair))
        assert run(words, streams).returncode == code
        assert output.read_bytes()[:2] == b"\xff\xd8"  # JPEG's start, and not what was printed


def test_a_pipe_that_does_not_block_is_waited_for() -> None:
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETFL, os.O_NONBLOCK)
    wanted = bytes(1 << 20)  # more than a pipe holds
    received = bytearray()

    def read() -> None:
        while part := os.read(reading, 1 << 16):
            received.extend(part)

    reader = threading.Thread(target=read)
    reader.start()
    stream, left = GuardedStream(writing, _fail), memoryview(wanted)
    while left:
        left = left[stream.write(left) :]
    os.close(writing)
    reader.join()
    os.close(reading)
    assert received == wanted


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.ENXIO])
def test_each_reason_is_given_without_a_path(code: int) -> None:
    with pytest.raises(StandardOutputError) as caught:
        _fail(OSError(code, "text", f"/home/{CANARY}"))
    assert CANARY not in caught.value.message + caught.value.hint
