"""A workspace as large as a studio's is made and wiped as well; how long it takes, as a table.

The times are those of an emulated processor. None is asserted.
"""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from statistics import median

import pytest

from tests.lab.guest.visitor import Broker, all_events, main_process, restart_broker, shell

POLICY = Path("/etc/appliance/policy.yaml")
VISITS = 3
_OPENING = ("login-granted", "session-opened")


@pytest.mark.parametrize("gib", [1, 20])
def test_a_visit_costs_no_more_because_its_workspace_is_large(broker: Broker, gib: int) -> None:
    before = POLICY.read_text()
    POLICY.write_text(before.replace("size_mib: 64, inodes: 1000", f"size_mib: {gib << 10}"))
    restart_broker()
    broker.reconnect()
    try:
        opening, wiping = zip(*(_visit(broker, gib) for _ in range(VISITS)), strict=True)
        print(f"workspace of {gib} GiB, of it 100 MiB written; {VISITS} visits, median (most) in s")
        for what, times in (("open, without login", opening), ("wiped and verified", wiping)):
            print(f"  {what:22} {median(times) / 1000:.2f} ({max(times) / 1000:.2f})")
        process = main_process("appliance-broker.service")
        print("  the broker's memory   ", shell(f"grep VmHWM /proc/{process}/status"))
        starting = [_starting_a_program() for _ in range(20)]
        print(f"  (to start `true` costs {1000 * median(starting):.0f} ms here)")
    finally:
        POLICY.write_text(before)
        restart_broker()


def _starting_a_program() -> float:
    started = time.monotonic()
    subprocess.run(["true"], check=True)
    return time.monotonic() - started


def _visit(broker: Broker, gib: int) -> tuple[int, int]:
    """Milliseconds from the token's answer to the open session, and of the wipe."""
    session, worker = broker.open()
    os.close(worker)
    assert int(shell("blockdev --getsize64 /dev/mapper/appliance-w0")) == gib << 30
    shell("dd if=/dev/urandom of=/run/appliance/workspace/w0/video bs=1M count=100 conv=fsync")
    granted, opened = [event for event in all_events() if event["kind"] in _OPENING][-2:]
    erasure = broker.close(session)
    assert erasure.clean
    assert erasure.after == 0
    return opened["mono"] - granted["mono"], erasure.ms
