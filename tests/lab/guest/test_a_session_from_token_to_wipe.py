"""One visit: a token, its PIN and a touch open it; when it is closed nothing of it is left."""

from __future__ import annotations

import os
import time
from pathlib import Path

from tests.lab.guest.visitor import Broker, restart_broker, shell

POLICY = Path("/etc/appliance/policy.yaml")


def test_open_and_close_leave_nothing(broker: Broker) -> None:
    before = shell("lsblk -n; dmsetup ls; losetup -a; mount; ls /run/appliance")
    session, worker = broker.open()
    assert broker.states() == {session: "active"}
    mount = shell("findmnt -n -o OPTIONS /run/appliance/workspace/w0")
    assert {"nosuid", "nodev", "noexec"} <= set(mount.split(","))
    table = shell("dmsetup table appliance-w0")
    assert "aes-xts-plain64" in table
    os.close(worker)
    erasure = broker.close(session)
    assert erasure.clean
    assert erasure.before > 0
    assert erasure.after == 0
    assert broker.states() == {}
    assert not Path("/var/lib/appliance/workspace/w0").exists()
    after = shell("lsblk -n; dmsetup ls; losetup -a; mount; ls /run/appliance")
    assert after.replace("w0.mount\n", "") == before


def test_a_workspace_of_20_gib_is_made_and_wiped_as_well(broker: Broker) -> None:
    before = POLICY.read_text()
    POLICY.write_text(before.replace("size_mib: 64, inodes: 1000", "size_mib: 20480"))
    restart_broker()
    broker.reconnect()
    try:
        started = time.monotonic()
        session, worker = broker.open()
        opening = time.monotonic() - started
        assert int(shell("blockdev --getsize64 /dev/mapper/appliance-w0")) == 20 << 30
        shell("dd if=/dev/urandom of=/run/appliance/workspace/w0/video bs=1M count=200 conv=fsync")
        os.close(worker)
        erasure = broker.close(session)
        print(f"20 GiB: opened in {opening:.1f} s with its login, wiped in {erasure.ms} ms")
        assert erasure.clean
        assert erasure.after == 0
    finally:
        POLICY.write_text(before)
        restart_broker()
