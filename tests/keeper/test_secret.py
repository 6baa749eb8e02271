"""Locked memory: it holds, it is locked, and it is zero when it is dropped."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

from appliance.errors import SessionError
from appliance.keeper.secret import LockedMemory


def _locked_kib() -> int:
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmLck"))


def test_it_is_random_and_locked() -> None:
    before = _locked_kib()
    both = LockedMemory.random(64), LockedMemory.random(64)
    assert _locked_kib() > before
    contents = [os.pread(memory.descriptor, 64, 0) for memory in both]
    for memory in both:
        memory.wipe()
    assert contents[0] != contents[1]
    assert bytes(64) not in contents
    assert _locked_kib() == before


def test_it_goes_through_a_pipe_whole() -> None:
    reader, writer = os.pipe()
    memory = LockedMemory.random(64)
    memory.write_to(writer)
    assert os.read(reader, 100) == os.pread(memory.descriptor, 64, 0)
    memory.wipe()
    os.close(reader)
    os.close(writer)


def test_wiping_leaves_zeros_in_every_other_descriptor_of_it() -> None:
    memory = LockedMemory.random(64)
    copy = os.dup(memory.descriptor)
    memory.wipe()
    memory.wipe()
    assert os.pread(copy, 64, 0) == bytes(64)
    os.close(copy)


def test_memory_that_cannot_be_locked_is_refused() -> None:
    child = os.fork()
    if not child:
        refused = False
        try:
            resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))
            os.setuid(65534)  # root may lock whatever the limit
            LockedMemory(4096)
        except SessionError:
            refused = True
        finally:
            os._exit(0 if refused else 1)
    _, status = os.waitpid(child, 0)
    assert status == 0


@pytest.mark.parametrize("size", [1, 4096, 1 << 20])
def test_any_size(size: int) -> None:
    memory = LockedMemory.random(size)
    assert os.fstat(memory.descriptor).st_size == size
    memory.wipe()
