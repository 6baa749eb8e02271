"""Where the policy says so a session works in memory, never swapped, and says that it did."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.guest.visitor import Broker, all_events, restart_broker, shell

POLICY = Path("/etc/appliance/policy.yaml")
WORK = Path("/run/appliance/workspace/w0")


@pytest.fixture(scope="module", autouse=True)
def _in_memory() -> Iterator[None]:
    before = POLICY.read_text()
    POLICY.write_text(before.replace("workspace: {", "workspace: {backend: memory, "))
    restart_broker()
    yield
    POLICY.write_text(before)
    restart_broker()


def test_it_is_bounded_is_not_swapped_and_ends_with_its_session(broker: Broker) -> None:
    session, worker = broker.open()
    mount = shell(f"findmnt -n -o FSTYPE,OPTIONS {WORK}")
    assert mount.startswith("tmpfs ")
    for option in ("nosuid", "nodev", "noexec", "noswap", "size=65536k", "nr_inodes=1000"):
        assert option in mount.replace(" ", ",").split(",")
    assert shell("dmsetup ls") == "No devices found"
    (WORK / "1.item.photo").write_bytes(os.urandom(1 << 20))
    with pytest.raises(OSError, match="No space"):
        (WORK / "too-large").write_bytes(bytes(70 << 20))
    os.close(worker)
    assert broker.close(session).clean
    assert str(WORK) not in shell("mount")
    wiped = [event for event in all_events() if event.get("session") == session][-1]
    assert (wiped["kind"], wiped["method"]) == ("session-wiped", "memory-dropped")
