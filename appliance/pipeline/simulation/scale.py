"""How many millimetres a pixel of a face is, and how far that may be wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from appliance.pipeline.face_model.perspective_pose import DISTANCE, MM
from appliance.pipeline.face_model.topology import LEFT_IRIS, RIGHT_IRIS
from appliance.pipeline.imaging.types import Float

Yardstick: TypeAlias = Literal["iris", "length", "population"]

IRIS = 11.7
"""Millimetres of the visible iris from side to side, of adults; its spread is 0.5."""

_IRIS_ERROR = 0.065  # of the iris's spread, 4 %, and of the network's chord, 5 %
_CLICK = 0.7  # mm: of a point set by hand, one standard deviation
# Of a length in the picture it is not known how near it lies: 30 mm before or behind the middle of
# the face are 3 % at a metre. Of points of the face it is known to a third of that.
_DEPTH_ERROR, _KNOWN_DEPTH_ERROR = 0.03, 0.01
_POPULATION_ERROR = 0.1
# Chords of both irises that differ by more belong to eyes that look aside, or are half shut.
_UNEQUAL = 0.1
_MOST_YAW = 45.0  # degrees: beyond, the chord of an iris is too short to be read
# Millimetres of a centimetre of the canonical face that a face has: adults' frontal photos give 8.7
# to 9.3, and one whose iris was read 18 % too small 10.9.
_PLAUSIBLE = (8.4, 9.8)


@dataclass(frozen=True, slots=True)
class Scale:
    """Of a face in a picture.

    ``mm``: of a pixel. ``error``: of that, as a share, one standard deviation. ``by``: what it was
    taken from.
    """

    mm: float
    error: float
    by: Yardstick

    @classmethod
    def of_face(cls, mesh: Float, pixels: float, yaw: float) -> Scale:
        """By the irises, or by adults' faces where the irises cannot be trusted.

        ``mesh``: (478, 3). ``pixels``: of a centimetre of the canonical face. ``yaw``: degrees.
        Only the chord from side to side counts: lids cover the other one.
        """
        chords = [_chord(mesh, start) for start in (RIGHT_IRIS, LEFT_IRIS)]
        chord = (chords[0] + chords[1]) / 2 / np.cos(np.radians(yaw))
        mm = IRIS / max(chord, 1e-6)
        even = abs(chords[0] - chords[1]) <= _UNEQUAL * max(chords)
        if even and abs(yaw) <= _MOST_YAW and _PLAUSIBLE[0] <= mm * pixels <= _PLAUSIBLE[1]:
            return cls(float(mm), _IRIS_ERROR, "iris")
        return cls(MM / pixels, _POPULATION_ERROR, "population")

    @classmethod
    def of_length(cls, one: Float, other: Float, length: float) -> Scale:
        """By two points that are known to be ``length`` mm apart.

        (2,) pixels each, of a length across the line of sight; or (3,), z away from the camera and
        from the middle of the face: of points of the face, whose length may run slantwise.
        """
        apart = max(float(np.linalg.norm(one - other)), 1e-6)
        mm = length / apart
        depth = _DEPTH_ERROR
        if len(one) == 3:  # what lies nearer is larger
            mm /= 1 + (one[2] + other[2]) / 2 * mm / (DISTANCE * MM)
            depth = _KNOWN_DEPTH_ERROR
        error = float(np.hypot(_CLICK * np.sqrt(2) / length, depth))
        return cls(float(mm), error, "length")


def _chord(mesh: Float, start: int) -> float:
    return float(np.linalg.norm(mesh[start + 1, :2] - mesh[start + 3, :2]))
