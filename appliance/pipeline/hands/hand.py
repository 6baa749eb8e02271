"""A hand in one picture: its joints and its size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.imaging.types import Float

# Joints, as MediaPipe numbers them: the wrist, then four of each finger, from the palm to the tip.
WRIST = 0
THUMB, INDEX, MIDDLE, RING, LITTLE = (range(first, first + 4) for first in (1, 5, 9, 13, 17))
# The outline of the palm, and what bounds a crop: all but the two outer joints of each finger,
# which bend, and the thumb's tip.
PALM: NDArray[np.intp] = np.array([0, 1, 2, 5, 9, 13, 17])
TRUNK: NDArray[np.intp] = np.array([0, 1, 2, 3, 5, 6, 9, 10, 13, 14, 17, 18])
# Metres between the middles of two findings below which they are one hand: half a palm's breadth
# (85 mm in the mean of men and women; Garrett, "The adult human hand", 1971).
SAME_HAND = 0.042
# Metres from the nearest joint within which a place belongs to a hand: joints are at most twice as
# far apart, and flesh is around them.
AT_HAND = 0.03
# Scale of a hand that touches a face over the face's own: its middle is 5 cm nearer to a camera
# that is half a metre away, as those of telephones and computers are.
TOUCHING = 1.1
# How far off measured scales are, as a standard deviation of their logarithm.
SCALE_NOISE = 0.2
_BONES: NDArray[np.intp] = np.array(
    [(0, 1), (0, 5), (0, 17), (5, 9), (9, 13), (13, 17)]
    + [(joint, joint + 1) for first in (1, 5, 9, 13, 17) for joint in range(first, first + 3)]
)


@dataclass(frozen=True, slots=True)
class Hand:
    """A hand in a picture.

    ``joints``: (21, 2) x, y in pixels. ``pixels_a_metre``: how large the picture shows it.
    ``presence``: 0-1, the network's belief that it is one.
    """

    joints: Float
    pixels_a_metre: float
    presence: float

    @property
    def centre(self) -> Float:
        """Of the palm: (2,) x, y."""
        return np.asarray(self.joints[PALM].mean(axis=0), np.float32)

    @property
    def up(self) -> Float:
        """From the wrist to the knuckles: (2,), in pixels."""
        knuckles = self.joints[[INDEX[0], MIDDLE[0], MIDDLE[0], RING[0]]].mean(axis=0)
        return np.asarray(knuckles - self.joints[WRIST], np.float32)

    def is_at(self, place: Float) -> bool:
        """Whether ``place``, (2,) in pixels of the same picture, is on this hand or at its edge."""
        off = float(np.linalg.norm(self.joints - place, axis=1).min())
        return off < AT_HAND * self.pixels_a_metre

    def is_same(self, other: Hand) -> bool:
        """Whether ``other``, of the same picture, is this hand found once more."""
        off = float(np.linalg.norm(self.centre - other.centre))
        return off < SAME_HAND * max(self.pixels_a_metre, other.pixels_a_metre)


def measured_scale(joints: Float, world: Float) -> float:
    """The scale of (21, 2) ``joints`` in pixels whose places in metres are ``world``, (21, 3).

    The median over the bones, seen from the front as the picture shows them: a hand that points at
    the camera keeps its size.
    """
    seen = np.linalg.norm(joints[_BONES[:, 0]] - joints[_BONES[:, 1]], axis=1)
    real = np.linalg.norm(world[_BONES[:, 0], :2] - world[_BONES[:, 1], :2], axis=1)
    return float(np.median(seen / np.maximum(real, 1e-6)))


def likely_scale(measured: float, face: float) -> float:
    """The scale of a hand that was ``measured`` in front of a ``face`` of that scale.

    All in pixels a metre. Measured scales are off by a fifth; most hands before a face touch it. So
    what is near the scale of such a hand becomes that, and what is far from it stays (the gain of a
    Wiener filter).
    """
    touching = TOUCHING * face
    off = float(np.log(max(measured, 1e-6) / touching))
    return touching * float(np.exp(off * off**2 / (off**2 + SCALE_NOISE**2)))
