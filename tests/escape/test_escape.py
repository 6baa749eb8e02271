"""Attempts to escape from a sealed process, in every way that we know."""

from __future__ import annotations

import json
import os
import platform
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.escape.attempts import ATTEMPTS, NEXT_TO_AN_OUTPUT
from tests.paths import REPOSITORY

DENIALS = {"EPERM", "EACCES", "EXDEV", "ENOSYS", "guard"}
BY_LAYER = [(layer, name) for name, a in ATTEMPTS.items() for layer in a.stops]


def make_workspace(outer: Path) -> Path:
    """A workspace with a file and a link out of it, next to a file that is out of bounds."""
    workspace = outer / "workspace"
    workspace.mkdir()
    (outer / "outside").write_text("not yours")
    (workspace / "mine").write_text("yours")
    (workspace / "link").symlink_to(outer / "outside")
    return workspace


@pytest.fixture(scope="module", autouse=True)
def listener() -> Iterator[None]:
    """A listener on an abstract socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as abstract:
        abstract.bind("\0appliance-escape-test")
        abstract.listen()
        yield


def run(workspace: Path, layers: str, *names: str) -> subprocess.CompletedProcess[str]:
    """The attempts, in a process of their own."""
    return subprocess.run(
        [sys.executable, "-m", "tests.escape.run", workspace, layers, *names],
        cwd=REPOSITORY,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@cache
def answers(layers: str) -> Mapping[str, Any]:
    """The answer to each attempt under ``layers``."""
    special = [name for name, attempt in NEXT_TO_AN_OUTPUT.items() if layers in attempt.stops]
    names = special or [
        name
        for name, attempt in ATTEMPTS.items()
        if layers == "seal" or layers in attempt.stops or (layers == "none" and attempt.harmless)
    ]
    with tempfile.TemporaryDirectory() as outer:
        done = run(make_workspace(Path(outer)), layers, *names)
        assert done.returncode == 0, done.stderr
        if layers in {"seal", "landlock"}:
            assert (Path(outer) / "outside").read_text() == "not yours"
            assert {entry.name for entry in Path(outer).iterdir()} == {"workspace", "outside"}
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_table_covers_every_layer() -> None:
    assert len(ATTEMPTS) >= 100
    assert {layer for layer, _ in BY_LAYER} == {"seccomp", "landlock", "guard"}


@pytest.mark.parametrize("name", ATTEMPTS)
def test_in_a_sealed_process_an_escape_fails(name: str) -> None:
    found = answers("seal")
    assert found["answers"][name] in DENIALS
    if touch := ATTEMPTS[name].touch:
        assert found["answers"][name] == "guard"
        assert found["touches"][name] == [touch]


@pytest.mark.parametrize(("layer", "name"), BY_LAYER)
def test_one_layer_alone_stops_an_escape(layer: str, name: str) -> None:
    # With the others off, so that they cannot hide a hole in this one.
    assert answers(layer)["answers"][name] == ATTEMPTS[name].stops[layer]


@pytest.mark.parametrize("name", [name for name, a in ATTEMPTS.items() if a.harmless])
def test_without_a_seal_an_escape_reaches_the_kernel(name: str) -> None:
    # Otherwise the tests above would pass on a machine without this system call.
    assert answers("none")["answers"][name] not in ATTEMPTS[name].stops.values()


@pytest.mark.parametrize(
    ("layers", "name"),
    [(layers, name) for name, a in NEXT_TO_AN_OUTPUT.items() for layers in a.stops],
)
def test_a_command_can_open_nothing_next_to_its_output(layers: str, name: str) -> None:
    assert answers(layers)["answers"][name] == NEXT_TO_AN_OUTPUT[name].stops[layers]


def test_no_capability_is_left_but_those_for_renaming_an_output() -> None:
    code = (
        "from appliance.seal.process import drop_capabilities; drop_capabilities();"
        "print(open('/proc/self/status').read())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPOSITORY
    )
    left = {
        line.split()[0]: int(line.split()[1], 16)
        for line in done.stdout.splitlines()
        if line.startswith("Cap")
    }
    named = 1 << 1 | 1 << 3  # CAP_DAC_OVERRIDE, CAP_FOWNER
    assert not (left["CapEff:"] | left["CapPrm:"]) & ~named
    assert not left["CapInh:"] | left["CapAmb:"]


def test_a_thread_from_before_the_seal_is_bound_too() -> None:
    assert answers("seccomp")["older"] == {"socket: TCP": "EPERM"}


_FOREIGN = {
    # mov eax, 20 (getpid of i386); int 0x80; ret
    "int 0x80": "page.write(bytes.fromhex('b814000000cd80c3'))",
    # mov eax, 0x40000027 (getpid of x32); syscall; ret
    "x32": "page.write(bytes.fromhex('b8270000400f05c3'))",
}


@pytest.mark.parametrize("name", _FOREIGN if platform.machine() == "x86_64" else [])
def test_a_foreign_architecture_ends_the_process(name: str) -> None:
    # The code is mapped before the seal, which forbids it afterwards.
    code = f"""
import ctypes, mmap
from appliance.seal import seccomp
page = mmap.mmap(-1, 4096, prot=7)
{_FOREIGN[name]}
call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
"""
    free = subprocess.run(
        [sys.executable, "-c", code + "print(call())"], check=False, cwd=REPOSITORY
    )
    sealed = subprocess.run(
        [sys.executable, "-c", code + "seccomp.restrict(); call()"], check=False, cwd=REPOSITORY
    )
    assert free.returncode != -signal.SIGSYS
    assert sealed.returncode == -signal.SIGSYS
