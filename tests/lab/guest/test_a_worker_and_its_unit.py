"""A worker that cannot start is given up and said; its unit opens what the policy says."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from appliance.wire.client import Client
from appliance.wire.connection import Connection
from tests.lab.guest.visitor import (
    Broker,
    connection,
    nothing_is_left,
    refusal,
    restart_broker,
    shell,
    take_in,
)

MODELS = "/usr/local/share/appliance/models"
POLICY = Path("/etc/appliance/policy.yaml")
PHOTO = Path(__file__).parent / "portraits/person_a_1.jpg"
UNIT = "appliance-worker@w0.service"
PATIENCE = 180  # seconds: here a start takes ten, and there are four


def _failed_starts() -> int:
    return int(shell(f"journalctl -b -o cat -u {UNIT} | grep -c '^error: manifest.toml' || true"))


def test_a_worker_that_cannot_start_is_given_up_and_said(broker: Broker) -> None:
    shell(f"mount -t tmpfs none {MODELS}")
    try:
        assert refusal(broker.open) in ("Failed", "WorkerGone")
        assert broker.states() == {}
        starts = _failed_starts()
        assert starts >= 1
        time.sleep(15)
        assert _failed_starts() == starts  # nobody is left who would have it started again
    finally:
        shell(f"umount {MODELS}")
    session, worker = broker.open()
    client = Client(Connection(connection(worker)))
    take_in(client, PHOTO)
    client.close()
    assert broker.close(session).clean
    nothing_is_left()


@contextmanager
def _policy(more: str) -> Iterator[None]:
    before = POLICY.read_text()
    POLICY.write_text(before + more)
    restart_broker()
    try:
        yield
    finally:
        POLICY.write_text(before)
        restart_broker()


def _opened(broker: Broker) -> dict[str, set[str]]:
    """What the unit of a worker that runs has of devices."""
    broker.reconnect()
    session, worker = broker.open()
    os.close(worker)
    shown = {
        name: {*shell(f"systemctl show -P {name} {UNIT}").splitlines()}
        for name in ("PrivateDevices", "DevicePolicy", "DeviceAllow")
    }
    assert broker.close(session).clean
    return shown


def test_devices_of_a_gpu_are_opened_where_the_policy_says_so(broker: Broker) -> None:
    # The clock may be read, says ProtectClock=.
    closed = {"PrivateDevices": {"yes"}, "DevicePolicy": {"closed"}, "DeviceAllow": {"char-rtc r"}}
    assert _opened(broker) == closed
    with _policy("engine: {gpu: true}\n"):
        opened = _opened(broker)
    allowed = {"char-rtc r", "char-nvidia* rw"}
    assert opened == closed | {"PrivateDevices": {"no"}, "DeviceAllow": allowed}
    assert _opened(broker) == closed
