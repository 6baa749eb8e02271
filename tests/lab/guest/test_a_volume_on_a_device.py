"""Where the policy names a device each session has its own stretch of it, and leaves it empty."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.guest.visitor import Broker, restart_broker, shell

POLICY = Path("/etc/appliance/policy.yaml")
ALLOWED = Path("/etc/appliance/workspace-device")  # in which root names it
IMAGE = Path("/var/lib/disk-of-its-own")
STRETCH = 64 << 20  # bytes; the size of the policy
WRITTEN = b"\xaa" * (1 << 20)  # at the start of each stretch, before anything else


@pytest.fixture(scope="module")
def device() -> Iterator[Path]:
    """A disk of two stretches that were written to; root and the policy name it."""
    with IMAGE.open("wb") as image:
        image.write(WRITTEN)
        image.seek(STRETCH)
        image.write(WRITTEN)
        image.truncate(2 * STRETCH)
    path = Path(shell(f"losetup --find --show {IMAGE}"))
    before = POLICY.read_text()
    named = f"workspace: {{backing: device, device: {path}, "
    POLICY.write_text(before.replace("workspace: {", named).replace("slots: 8", "slots: 2"))
    # A policy alone does not get a disk overwritten.
    assert shell("systemctl restart appliance-broker.service; echo $?", check=False) != "0"
    ALLOWED.write_text(f"{path}\n")
    ALLOWED.chmod(0o644)
    restart_broker()
    yield path
    POLICY.write_text(before)
    ALLOWED.unlink()
    restart_broker()
    shell(f"losetup --detach {path}; rm {IMAGE}")


def _stretch(number: int) -> bytes:
    """What lies on the disk below a session."""
    with IMAGE.open("rb") as image:
        return os.pread(image.fileno(), STRETCH, number * STRETCH)


def test_two_sessions_share_a_device_and_leave_it_empty(device: Path, broker: Broker) -> None:
    first, _ = broker.open()
    assert _stretch(1).startswith(WRITTEN)
    second, _ = broker.open()
    number = shell(f"lsblk -n -d -o MAJ:MIN {device}")
    for slot, start in (("w0", 0), ("w1", STRETCH)):
        below = shell(f"dmsetup table appliance-{slot}-segment")
        assert below == f"0 {STRETCH // 512} linear {number} {start // 512}"
        table = shell(f"dmsetup table appliance-{slot}").split()
        assert (int(table[1]) * 512, table[3]) == (STRETCH, "aes-xts-plain64")
    canary = os.urandom(1 << 20)
    for slot in ("w0", "w1"):
        Path(f"/run/appliance/workspace/{slot}/pixels").write_bytes(canary)
    shell("sync; blockdev --flushbufs /dev/mapper/appliance-w0")
    shell(f"blockdev --flushbufs {device}; sync {IMAGE}")
    assert not _stretch(0).startswith(WRITTEN)
    assert canary[:64] not in _stretch(0)
    erasure = broker.close(first)
    assert (erasure.clean, erasure.after) == (True, 0)
    assert _stretch(0) == bytes(STRETCH)
    # The other one works on.
    assert Path("/run/appliance/workspace/w1/pixels").read_bytes() == canary
    assert broker.close(second).clean
    assert _stretch(1) == bytes(STRETCH)
    assert shell("dmsetup ls") == "No devices found"
