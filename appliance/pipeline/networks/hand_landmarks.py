"""Finds the joints of a hand in a small square picture of it."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.inference.network import Network
from appliance.pipeline.imaging.types import Float, Image

SIZE = 224
JOINTS = 21


@dataclass(frozen=True, slots=True)
class HandLandmarks:
    """What the network sees in a crop.

    ``joints``: (21, 3) x, y, z in pixels of the crop. ``world``: (21, 3) the same hand in metres,
    turned as the crop is. ``presence``: 0-1, the belief that the crop shows a hand.
    """

    joints: Float
    world: Float
    presence: float


class HandLandmarker:
    """MediaPipe's hand landmarks (Zhang et al., "MediaPipe Hands", 2020), the full form."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def estimate(self, crop: Image) -> HandLandmarks:
        """The hand that a (224, 224, 3) RGB crop shows, fingers up."""
        joints, presence, _, world = self._network.run(self._network.tensor(crop))
        return HandLandmarks(
            joints.reshape(JOINTS, 3), world.reshape(JOINTS, 3), float(presence.ravel()[0])
        )
