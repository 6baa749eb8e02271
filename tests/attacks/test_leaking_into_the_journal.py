"""Something in a service prints a name, which the journal would keep on the disk."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.audit import standalone
from appliance.audit.keys.ledger_keys import LedgerKeys
from appliance.audit.tlog.reader import LedgerReader
from appliance.diagnostics.redact import describe_exception, redact_record, redact_value
from appliance.errors import LedgerError
from tests.paths import REPOSITORY

NAME = "Erika-Mustermann"
_PRINTS = f"""
import ctypes, os, subprocess, sys
from appliance.diagnostics import process_log
print("{NAME} in a buffer", end="")
libc = ctypes.CDLL(None)
libc.puts(b"{NAME} in a buffer of C")
stream = CONFIGURE
print("{NAME}", flush=True)
libc.puts(b"{NAME}")
libc.fflush(None)
os.write(1, b"{NAME}")
os.write(2, b"{NAME}")
sys.__stdout__.write("{NAME}")
subprocess.run(["echo", "{NAME}"], check=True)
os.write(LAST, b"the end")
"""


def printed(configure: str, last: str) -> tuple[bytes, bytes]:
    """What a service writes to stdout and stderr; its last words show that it came so far."""
    code = _PRINTS.replace("CONFIGURE", configure).replace("LAST", last)
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, env=buffered
    )
    return done.stdout, done.stderr


@pytest.mark.parametrize("process", ["audit", "broker", "worker"])
def test_nothing_that_a_service_prints_reaches_the_journal(process: str) -> None:
    output, lines = printed(f'process_log.configure("{process}")', "stream.fileno()")
    assert output == b""
    assert lines == b"the end"


def test_without_the_redirection_it_does() -> None:
    output, lines = printed("None", "2")
    assert output.count(NAME.encode()) == 7
    assert NAME.encode() in lines


def test_a_number_of_a_person_is_withheld_whatever_its_type() -> None:
    for number in (19_640_812, 1_234_567_890_123, 640_812):
        for value in (number, float(number), -float(number), number / 10, Disguised(number)):
            assert redact_value(value) == "<number>"
    assert redact_value(0.123456) == redact_value(float("nan")) == "<number>"
    for harmless in (0, 3, -4, 12_345, 0.5, 12.25, -1.0):  # the control: counts pass
        assert redact_value(harmless) == harmless


class Disguised(int):
    """Claims to be small."""

    def __abs__(self) -> int:
        return 0

    def __lt__(self, other: int) -> bool:
        return True


class Listed(str):
    """Claims to be any text that may be logged."""

    __slots__ = ()

    def __hash__(self) -> int:
        return hash("warning")

    def __eq__(self, other: object) -> bool:
        return True


def test_a_text_that_claims_to_be_listed_is_withheld() -> None:
    assert Listed(NAME) in {"warning", "error"}  # it has the means
    assert redact_value(Listed(NAME)) == "<text>"
    record = redact_record(None, "error", {Listed(NAME): 1})
    assert NAME not in "".join(map(str.__str__, record))


def circle() -> BaseException:
    one, other = ValueError(NAME), KeyError(NAME)
    one.__cause__, other.__cause__ = other, one
    return one


def test_causes_in_a_circle_end() -> None:
    assert describe_exception(circle()) == "ValueError after KeyError"
    error = circle()
    steps: list[BaseException | None] = [error]
    for _ in range(5_000):  # a walk without an end, deeper than Python would recurse
        steps.append(getattr(steps[-1], "__cause__", None))
    assert steps[-1] is not None


def test_a_chain_of_causes_without_end_is_cut() -> None:
    error: BaseException = ValueError(NAME)
    for _ in range(5_000):
        cause, error = error, RuntimeError(NAME)
        error.__cause__ = cause
    described = describe_exception(error)
    assert described.count("RuntimeError") == described.count(" after ") + 1 < 20


# An auditor's program that waits or breaks on what it is given: the same care, outside.


@pytest.fixture
def key(tmp_path: Path) -> str:
    return LedgerKeys.create(tmp_path / "keys", "test.example/log").signer.verifier.vkey


def no_file(folder: Path, name: str, what: str) -> None:
    """Put something under ``name`` that is no regular file, or one that is far too large."""
    path = folder / name
    if what == "pipe":
        os.mkfifo(path)
    elif what == "zeros":
        path.symlink_to("/dev/zero")
    elif what == "folder":
        path.mkdir()
    else:
        with path.open("wb") as file:
            file.truncate(1 << 40)


@pytest.mark.parametrize("what", ["pipe", "zeros", "folder", "large"])
@pytest.mark.parametrize("place", ["bundle", "proof", "key"])
def test_a_verifier_neither_waits_nor_reads_what_is_no_file(
    tmp_path: Path, key: str, what: str, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    given = {"bundle": bundle, "proof": tmp_path / "p", "key": bundle}[place]
    if place == "bundle":
        no_file(bundle, "bundle.tlog-proof", what)
    elif place == "key":
        no_file(tmp_path, "k", what)
    else:  # a folder is taken for a bundle, here an empty one
        no_file(tmp_path, "p", what)
    named = str(tmp_path / "k") if place == "key" else key
    assert standalone.main([str(given), "--key", named]) == 1
    assert capsys.readouterr().out.startswith("unsound: ")


def test_a_pipe_in_the_place_of_a_ledgers_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sound").write_bytes(b"hashes")
    os.mkfifo(tmp_path / "pipe")
    reader = LedgerReader(tmp_path)
    assert reader.read("sound") == b"hashes"
    with pytest.raises(LedgerError, match="not a regular file"):
        reader.read("pipe")


def test_a_pipe_without_a_writer_would_be_waited_for(tmp_path: Path) -> None:
    """The control: a program that opens it as usual hangs until another writes."""
    os.mkfifo(tmp_path / "pipe")
    code = "import sys; print('opening', flush=True); open(sys.argv[1], 'rb'); print('opened')"
    with subprocess.Popen(
        [sys.executable, "-c", code, tmp_path / "pipe"], stdout=subprocess.PIPE, cwd=REPOSITORY
    ) as waiting:
        assert waiting.stdout is not None
        assert waiting.stdout.readline() == b"opening\n"
        descriptor = None
        while descriptor is None and waiting.poll() is None:
            try:  # succeeds once it waits for a writer
                descriptor = os.open(tmp_path / "pipe", os.O_WRONLY | os.O_NONBLOCK)
            except OSError:
                os.sched_yield()
        assert descriptor is not None
        os.close(descriptor)
        assert waiting.stdout.readline() == b"opened\n"
