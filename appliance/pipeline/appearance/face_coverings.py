"""What a person wears on the face: told from skin before anything else is measured.

A cloth that covers half of a face would pass for the face's own colour, and its brightness for
light. Each piece is known by where it lies: it differs from the skin beside it on all parts of the
face that it covers at once. A mask or a scarf covers the nose and both cheeks and leaves the bridge
of the nose and the rims of the eyes, where no hair hangs; sunglasses cover those and leave the nose
and the cheeks. No shadow, beard or hand does that: a shadow leaves one half, a beard the nose.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.appearance.skin import distance_from_skin, median_colour
from appliance.pipeline.appearance.tone import LUMA
from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.face import Float
from appliance.pipeline.face_model.topology import indices
from appliance.pipeline.imaging.geometry import ramp, smoothstep

BRIDGE = indices("6 8 168 193 417 122 351 196 419")
RIGHT_RIM = indices("111 117 118 119 230 231 229")
LEFT_RIM = indices("340 346 347 348 450 451 449")
NOSE = indices("1 4 5 44 274 48 278")
RIGHT_CHEEK = indices("36 50 101 187 205")
LEFT_CHEEK = indices("266 280 330 411 425")
UNLIKE = (0.2, 0.33)  # the distance from skin from which a place may be cloth, and surely may
PALLOR = (0.1, 0.22)  # how much less red than skin, in log R - log B, cloth is: skin is ever red
DARK = (0.8, 1.1)  # how much darker than skin, in log luminance, whatever its hue
CLOSER = (0.4, 0.6)  # of the way from skin to the piece, where the one ends and the other begins


@dataclass(frozen=True, slots=True)
class Piece:
    """A kind of thing to wear. ``bare`` and ``parts``: mesh points it leaves free and covers.

    ``reach``: cm above the canonical origin where it ends, from and to. ``pale``: whether its hue
    may give it away; under the eyes skin is pale itself.
    """

    name: str
    bare: NDArray[np.intp]
    parts: tuple[NDArray[np.intp], ...]
    reach: tuple[float, float, float, float]
    pale: bool


MASK = Piece(
    "mask",
    bare=np.concatenate([BRIDGE, RIGHT_RIM, LEFT_RIM]),
    parts=(NOSE, RIGHT_CHEEK, LEFT_CHEEK),
    reach=(-99.0, -98.0, 1.5, 2.5),
    pale=True,
)
SUNGLASSES = Piece(
    "sunglasses",
    bare=np.concatenate([NOSE, RIGHT_CHEEK, LEFT_CHEEK]),
    parts=(RIGHT_RIM, LEFT_RIM),
    reach=(-1.0, 0.0, 5.5, 6.5),
    pale=False,
)
PIECES = (MASK, SUNGLASSES)


@dataclass(frozen=True, slots=True)
class Worn:
    """A piece that was found: ``skin`` and ``colour`` (3,) log RGB, how ``sure`` 0-1."""

    piece: Piece
    skin: Float
    colour: Float
    sure: float

    def share(self, colours: Float, within: Float) -> Float:
        """How far (…, 3) log RGB ``colours`` are this piece's: (…), 0-1.

        ``within``: (…) how far it may lie there, see :func:`within`.
        """
        skin = distance_from_skin(colours - self.skin)
        own = distance_from_skin(colours - self.colour)
        closer = smoothstep(skin / np.maximum(skin + own, 1e-6), *CLOSER)
        return np.asarray(self.sure * within * closer, np.float32)


def within(piece: Piece, face: Canonical) -> Float:
    """How far the piece may lie on each mesh point: (478,), 0-1."""
    below, low, high, above = piece.reach
    heights = face.xyz[:, 1]
    return np.asarray(smoothstep(heights, below, low) * (1 - smoothstep(heights, high, above)))


def find(colours: Float, seen: Float) -> Worn | None:
    """What is worn, by (478, 3) log RGB ``colours`` trusted as far as (478,) ``seen`` says.

    One piece at most: beside a white mask the rims of the eyes are as dark as sunglasses.
    """
    found = (_find(piece, colours, seen) for piece in PIECES)
    return next((worn for worn in found if worn.sure > 0), None)


def _find(piece: Piece, colours: Float, seen: Float) -> Worn:
    skin = _colour(colours, seen, piece.bare)
    # A cheek turned away has no say.
    parts = [_colour(colours, seen, part) for part in piece.parts if seen[part].mean() > 0.2]
    sure = min((_unlikeness(part - skin, pale=piece.pale) for part in parts), default=0.0)
    colour = np.median(parts, axis=0).astype(np.float32) if parts else skin
    return Worn(piece, skin, colour, sure)


def _unlikeness(off: Float, *, pale: bool) -> float:
    """How surely a colour ``off`` (3,) log RGB the skin's is no skin: 0-1."""
    dark = ramp(float(-off @ LUMA), *DARK)
    if not pale:
        return dark
    far = ramp(float(distance_from_skin(off)), *UNLIKE)
    return max(dark, far * ramp(float(off[2] - off[0]), *PALLOR))


def _colour(colours: Float, seen: Float, part: NDArray[np.intp]) -> Float:
    return median_colour(colours[part], seen[part] + 1e-6)
