"""Calls of a worker that simulate, as several files of tests make them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.pipeline.media.photo.decode import read_photo
from appliance.protocols import worker_api
from appliance.protocols.worker_api import NAME, Place, PreviewSimulation, Simulate
from appliance.wire.client import Client
from appliance.wire.message import CallError, Empty
from tests.worker.process import failed, read_all

PERSON = "person_b_1.jpg"


def simulated(client: Client, wanted: Simulate) -> worker_api.Simulated:
    done, _ = client.call(f"{NAME}.Simulate", wanted, gives=worker_api.Simulated)
    return done


def previewed(client: Client, wanted: PreviewSimulation) -> NDArray[np.uint8]:
    _, (pipe,) = client.call(
        f"{NAME}.PreviewSimulation", wanted, gives=worker_api.Previewed, attached=1
    )
    return np.asarray(read_photo(read_all(pipe)).pixels, np.uint8)


def proposed(client: Client, photo: int, yaw: float | None = None) -> worker_api.ProposedPoints:
    wanted = worker_api.ProposePoints(photo, yaw=yaw)
    found, _ = client.call(f"{NAME}.ProposePoints", wanted, gives=worker_api.ProposedPoints)
    return found


def refusal(client: Client, wanted: Simulate) -> worker_api.Failed:
    with pytest.raises(CallError, match="Failed") as refused:
        client.call(f"{NAME}.{type(wanted).__name__}", wanted, gives=Empty, attached=1)
    return failed(refused.value)


def places(found: worker_api.ProposedPoints) -> dict[str, Place]:
    return dict(found.points)
