"""A session in the middle of its work. The machine is cut from its power while this waits."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest

from appliance.wire.client import Client
from appliance.wire.connection import Connection
from tests.lab.guest.visitor import Broker, connection, shell, take_in

HERE = Path(__file__).parent
WORKSPACE = Path("/run/appliance/workspace/w0")


def canary(where: str) -> bytes:
    """A megabyte that is nowhere else; the test outside makes the same."""
    return b"".join(hashlib.sha256(f"{where}{n}".encode()).digest() for n in range(1 << 15))


def test_work_until_the_power_goes(broker: Broker, capfd: pytest.CaptureFixture[str]) -> None:
    _, worker = broker.open()
    photo = HERE / "portraits/person_a_1.jpg"
    take_in(Client(Connection(connection(worker))), photo)
    (WORKSPACE / "pixels").write_bytes(canary("inside"))
    (WORKSPACE / "photo.jpg").write_bytes(photo.read_bytes())
    # What lies beside the workspace is found by the look from outside: it can see.
    Path("/var/lib/in-the-open").write_bytes(canary("outside"))
    os.sync()
    shell("sync -f /run/appliance/workspace/w0; blockdev --flushbufs /dev/mapper/appliance-w0")
    assert (WORKSPACE / "1.item.photo").stat().st_size > 1000
    with capfd.disabled():
        print("READY FOR THE CUT", flush=True)
        time.sleep(600)
