"""The reader's process ends with its last caller, once it has read names of a disc."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from appliance.protocols import disc_api as api
from appliance.wire.client import Client
from tests.disc_reader.discs import burn
from tests.paths import REPOSITORY

# As systemd hands a socket over, and with rounds that are short.
_START = """
import os, sys
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"}
os.environ["LISTEN_FDNAMES"] = "appliance-disc"
os.dup2(int(sys.argv.pop(1)), 3)
from appliance.wire import activation
activation.WATCHDOG_INTERVAL = 0.4
from appliance.disc_reader.__main__ import main
sys.exit(main())
"""


@contextmanager
def _reader(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    disc, path = folder / "disc.iso", folder / "disc.sock"
    burn(disc, {"Jane Canary/1.jpg": b"x"})
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(os.fspath(path))
        listener.listen()
        number = listener.fileno()
        command = [sys.executable, "-c", _START, str(number), "--drive", os.fspath(disc)]
        with subprocess.Popen(command, cwd=REPOSITORY, pass_fds=[number]) as started:
            listener.close()  # if that process ends, its callers are refused
            try:
                yield started, path
            finally:
                started.kill()


def test_it_ends_with_its_last_caller_once_it_has_read(tmp_path: Path) -> None:
    with _reader(tmp_path) as (started, path):
        with closing(Client.to(path)) as one:
            with closing(Client.to(path)) as another:
                found, _ = another.call(f"{api.NAME}.List", api.List(), gives=api.Files)
            assert [file.name for file in found.files] == ["/Jane Canary/1.jpg"]
            # The other caller is still there, and what was listed as well.
            (number,) = (file.number for file in found.files)
            opened, (reader,) = one.call(
                f"{api.NAME}.Open", api.Open(number), gives=api.Opened, attached=1
            )
            os.close(reader)
            assert opened.size == 1
            assert started.poll() is None
        assert started.wait(60) == 0


def test_a_caller_that_reads_nothing_ends_nothing(tmp_path: Path) -> None:
    with _reader(tmp_path) as (started, path):
        for _ in range(3):
            Client.to(path).close()
            try:
                started.wait(1)
            except subprocess.TimeoutExpired:
                continue
            raise AssertionError
