"""The two steps of the seal, each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.paths import REPOSITORY

_START = """
import os, sys, threading
from pathlib import Path
from appliance.errors import SealError
from appliance.seal import landlock, process, seal as steps, seccomp
from appliance.seal.seal import confine, seal
"""


def run(code: str, **environment: str) -> str:
    """The output of ``code``."""
    done = subprocess.run(
        [sys.executable, "-c", _START + code],
        cwd=REPOSITORY,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_process_with_threads_is_not_confined() -> None:
    # Landlock would not bind them.
    assert "threads" in run("""
threading.Thread(target=threading.Event().wait, daemon=True).start()
try:
    confine(readable=[])
except SealError as error:
    print(error.message)
""")


def test_a_confined_process_leaves_no_core_and_cannot_be_read() -> None:
    assert (
        run("""
import resource
confine(readable=[Path("/proc/self")])
status = Path("/proc/self/status").read_text()
print(resource.getrlimit(resource.RLIMIT_CORE), "NoNewPrivs:\\t1" in status)
""")
        == "(0, 0) True"
    )


def test_inherited_descriptors_are_closed_and_later_ones_are_kept() -> None:
    reader, writer = os.pipe()
    code = """
inherited = process.descriptors()
mine = os.open(".", os.O_RDONLY)
process.close_all(inherited)
print(len(inherited), process.descriptors() == {mine})
"""
    try:
        done = subprocess.run(
            [sys.executable, "-c", _START + code],
            pass_fds=[writer],
            capture_output=True,
            text=True,
            check=True,
            cwd=REPOSITORY,
        )
    finally:
        os.close(reader)
        os.close(writer)
    assert done.stdout == "1 True\n"


def test_a_missing_layer_that_the_policy_requires_is_named() -> None:
    printed = run("""
landlock.abi = lambda: 0
confinement = confine(readable=[])
try:
    seal(confinement, minimum=("seccomp", "landlock"))
except SealError as error:
    print(error.message)
# Without it if the policy does not require it.
print(seal(confinement, minimum=("seccomp",)).missing)
""")
    assert printed.splitlines() == [
        "This machine lacks landlock, which the policy requires.",
        "('landlock',)",
    ]


def test_a_seal_that_does_not_hold_is_an_error() -> None:
    # As if libseccomp reported success without installing a filter.
    printed = run("""
seccomp.restrict = lambda **words: None
try:
    seal(confine(readable=[]), minimum=())
except SealError as error:
    print(error.message)
""")
    assert printed.startswith("The seal does not hold: socket, ")


def test_an_inherited_socket_still_works() -> None:
    # Through it a sealed process sends its events to the ledger.
    assert (
        run("""
import socket
ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
seal(confine(readable=[]), minimum=("seccomp",))
os.write(ours.fileno(), b"event")
print(os.read(theirs.fileno(), 9).decode())
""")
        == "event"
    )
