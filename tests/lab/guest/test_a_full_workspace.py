"""A workspace without space refuses what comes in, keeps what it has, and works on."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.wire.client import Client
from appliance.wire.connection import Connection
from appliance.wire.message import Refusal
from appliance.worker import interface
from appliance.worker.interface import NAME
from tests.lab.guest.visitor import Broker, connection, shell

WORK = Path("/run/appliance/workspace/w0")
PHOTO = Path(__file__).parent / "portraits/person_a_1.jpg"


def _take_in(client: Client) -> interface.Imported:
    with PHOTO.open("rb") as file:
        answer, _ = client.call(
            f"{NAME}.Import",
            interface.Import("source"),
            gives=interface.Imported,
            descriptors=[file.fileno()],
        )
    return answer


def test_full_and_freed(broker: Broker) -> None:
    _, worker = broker.open()
    client = Client(Connection(connection(worker)))
    first = _take_in(client)
    shell(f"dd if=/dev/zero of={WORK}/filling bs=64k; true")
    with pytest.raises(Refusal, match="Failed"):
        _take_in(client)
    names = sorted(path.name for path in WORK.iterdir() if path.name[0] in "0123456789")
    assert names == [f"{first.item}.item.photo"]
    assert not list(WORK.glob(".*.part"))
    (WORK / "filling").unlink()
    assert _take_in(client).width == first.width
    client.close()
