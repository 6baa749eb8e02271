"""What the tests share that release a result of a session."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from appliance.protocols import broker_api
from appliance.protocols import worker_api as worker
from appliance.wire.client import Client
from appliance.wire.connection import Connection
from tests.lab.guest.visitor import HANDLES, PIN, Broker, connection, take_in

PHOTO = Path(__file__).parent / "portraits/person_a_1.jpg"
TOKENS, ROLES = Path("/etc/appliance/tokens"), Path("/etc/appliance/roles")
KEYS = Path("/var/lib/appliance-release-keys")
COMMAND = "python3 -m appliance.cli.main"


def photo_of_a_session(broker: Broker, folder: Path) -> tuple[str, int]:
    """A session with a result, and its number."""
    large = folder / "large.png"  # the portrait has no room for a watermark
    with Image.open(PHOTO) as small:
        small.resize((2 * small.width, 2 * small.height)).save(large)
    session, descriptor = broker.open()
    client = Client(Connection(connection(descriptor)))
    photo = take_in(client, large)
    wanted = worker.Swap([photo], photo, {"nose": 1.0})
    *_, (done, _) = client.follow(f"{worker.NAME}.Swap", wanted, gives=worker.Progress)
    client.close()
    assert done.result is not None
    return session, done.result


def request(broker: Broker, session: str, item: int) -> broker_api.ReleaseStands:
    wanted = broker_api.RequestRelease(HANDLES[session], item)
    return broker.ask("RequestRelease", wanted, broker_api.ReleaseStands)[0]


def approve(broker: Broker, asked: broker_api.ReleaseStands) -> int:
    """By ruth, whose token is plugged in; the number of the release."""
    wanted = broker_api.ApproveRelease(asked.release, "ruth", PIN, asked.sha256)
    return broker.ask("ApproveRelease", wanted, broker_api.Released)[0].number
