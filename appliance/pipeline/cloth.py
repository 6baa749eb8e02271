"""A mask or a scarf over nose and mouth: told from skin before anything else is measured.

A cloth that covers half of a face would pass for the face's own colour, and its brightness for
light. What is skin, the bridge of the nose and the lower rims of the eyes say, where no hair hangs;
cloth is what differs from it on the nose and on both cheeks at once. No shadow, beard or hand does
that: a shadow leaves one cheek, a beard the nose, a hand the other cheek.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.canonical import Canonical
from appliance.pipeline.face import Float
from appliance.pipeline.geometry import ramp, smoothstep
from appliance.pipeline.skin import distance_from_skin, median_colour
from appliance.pipeline.topology import indices

BARE = indices("6 8 168 193 417 122 351 196 419 111 117 118 119 340 346 347 348")
NOSE = indices("1 4 5 44 274 48 278")
RIGHT_CHEEK = indices("36 50 101 187 205")
LEFT_CHEEK = indices("266 280 330 411 425")
UNLIKE = (0.2, 0.33)  # the distance from skin from which a place may be cloth, and surely may
PALLOR = (0.1, 0.22)  # how much less red than skin, in log R - log B, cloth is: skin is ever red
UPPER = (1.5, 2.5)  # cm above the canonical origin, below the eyes: no mask reaches higher
CLOSER = (0.4, 0.6)  # of the way from skin to cloth, where the one ends and the other begins


@dataclass(frozen=True, slots=True)
class Cloth:
    """What lies over nose and mouth: ``skin`` and ``colour`` (3,) log RGB, how ``sure`` 0-1."""

    skin: Float
    colour: Float
    sure: float

    def share(self, colours: Float, lower: Float) -> Float:
        """How far (…, 3) log RGB ``colours`` are this cloth: (…), 0-1.

        ``lower``: (…) 1 where a mask may lie, 0 on eyes and forehead.
        """
        skin = distance_from_skin(colours - self.skin)
        cloth = distance_from_skin(colours - self.colour)
        closer = smoothstep(skin / np.maximum(skin + cloth, 1e-6), *CLOSER)
        return np.asarray(self.sure * lower * closer, np.float32)


class ClothFinder:
    """Looks for cloth over nose and mouth in the colours of the mesh points."""

    def __init__(self, face: Canonical) -> None:
        self.lower: Float = np.asarray(1 - smoothstep(face.xyz[:, 1], *UPPER), np.float32)
        """(478,) 1 on what a mask covers, 0 above."""

    def find(self, colours: Float, seen: Float) -> Cloth | None:
        """The cloth in (478, 3) log RGB ``colours``, trusted as far as (478,) ``seen`` says."""
        skin = _colour(colours, seen, BARE)
        parts = [
            _colour(colours, seen, part)
            for part in (NOSE, RIGHT_CHEEK, LEFT_CHEEK)
            if seen[part].mean() > 0.2  # a cheek turned away has no say
        ]
        sure = min((_unlikeness(part - skin) for part in parts), default=0.0)
        return Cloth(skin, np.median(parts, axis=0).astype(np.float32), sure) if sure else None


def _unlikeness(off: Float) -> float:
    """How surely a colour ``off`` (3,) log RGB the skin's is no skin: 0-1."""
    return ramp(float(distance_from_skin(off)), *UNLIKE) * ramp(float(off[2] - off[0]), *PALLOR)


def _colour(colours: Float, seen: Float, part: NDArray[np.intp]) -> Float:
    return median_colour(colours[part], seen[part] + 1e-6)
