"""One visit: a token, its PIN and a touch open it; when it is closed nothing of it is left."""

from __future__ import annotations

import os
from pathlib import Path

from tests.lab.guest.visitor import Broker, shell, until


def _around() -> str:
    """All that a session may leave, but for the description of its mount, which holds nothing."""
    return shell("lsblk -n; dmsetup ls; losetup -a; mount; ls /run/appliance --ignore='*.mount'")


def test_open_and_close_leave_nothing(broker: Broker) -> None:
    before = _around()
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
    until(lambda: _around() == before)
