"""Without space: a workspace refuses what comes in, the appliance opens nothing. Both work on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from appliance.wire.client import Client
from appliance.wire.connection import Connection
from appliance.wire.message import CallError
from tests.lab.guest.visitor import Broker, connection, nothing_is_left, shell, take_in, until

WORK = Path("/run/appliance/workspace/w0")
FILLING = Path("/var/lib/filling")
PHOTO = Path(__file__).parent / "portraits/person_a_1.jpg"


def test_a_full_workspace_refuses_and_works_on_once_it_is_freed(broker: Broker) -> None:
    _, worker = broker.open()
    client = Client(Connection(connection(worker)))
    first = take_in(client, PHOTO)
    shell(f"dd if=/dev/zero of={WORK}/filling bs=64k; true")
    with pytest.raises(CallError, match="Failed"):
        take_in(client, PHOTO)
    names = sorted(path.name for path in WORK.iterdir() if path.name[0] in "0123456789")
    assert names == [f"{first}.item.photo"]
    assert not list(WORK.glob(".*.part"))
    (WORK / "filling").unlink()
    assert take_in(client, PHOTO) == first + 1
    client.close()


def test_a_full_disk_opens_nothing_and_serves_once_it_is_freed(broker: Broker) -> None:
    free = shell("df --output=avail -B1 /var/lib | tail -n1")
    shell(f"fallocate -l {free} {FILLING}; cat /dev/zero >>{FILLING}; true")
    try:
        with pytest.raises(CallError):
            broker.open()
    finally:
        FILLING.unlink()
    until(lambda: broker.states() == {})
    nothing_is_left()
    session, _ = broker.open()
    assert broker.close(session).clean


def test_no_more_files_than_the_policy_says(broker: Broker) -> None:
    broker.open()
    # Rounded up to whole groups of the file system.
    assert os.statvfs(WORK).f_files <= 2 * 1000
    shell(f"cd {WORK} && seq -f many%g 3000 | xargs touch", check=False)
    assert 500 < len(list(WORK.glob("many*"))) < 2000
