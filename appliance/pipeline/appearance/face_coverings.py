"""Masks, sunglasses, objects: distinguished from skin before anything else is measured.

A cloth that covers half of a face would pass for the face's own colour, and its brightness for
light. Each kind of covering is recognised by where it lies: on all parts of the face that it covers
it differs from the skin next to it. A mask or a scarf covers the nose and both cheeks and leaves
the bridge of the nose and the rims of the eyes free, where no hair hangs; sunglasses cover those
and leave the nose and the cheeks free. No shadow, beard or hand does that: a shadow leaves one half
free, a beard the nose. An object that is held before a mouth, such as a cup, a telephone or a
microphone, is of one colour on lips and chin and leaves a side of the jaw free, as no beard does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.appearance.skin import distance_from_skin, median_colour
from appliance.pipeline.appearance.tone import LUMA
from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.topology import indices
from appliance.pipeline.imaging.geometry import ramp, smoothstep
from appliance.pipeline.imaging.types import Float

BRIDGE = indices("6 8 168 193 417 122 351 196 419")
RIGHT_RIM = indices("111 117 118 119 230 231 229")
LEFT_RIM = indices("340 346 347 348 450 451 449")
NOSE = indices("1 4 5 44 274 48 278")
RIGHT_CHEEK = indices("36 50 101 187 205")
LEFT_CHEEK = indices("266 280 330 411 425")
LIPS = indices("74 73 72 11 302 303 304 90 180 85 16 315 404 320")
CHIN = indices("18 200 199 175 83 313 201 421")
RIGHT_JAW = indices("58 172 136 138 135")
LEFT_JAW = indices("288 397 365 367 364")
UNLIKE = (0.2, 0.33)  # distances from skin at which a place may be cloth, and surely may
PALLOR = (0.1, 0.22)  # how much less red than skin cloth is, in log R - log B: all skin is red
DARK = (0.8, 1.1)  # how much darker than skin, in log luminance, whatever its hue
# Between which lips and chin are an object's: their distance from skin, that from each other, and
# the median one of their points from their colour. In 84 pictures of some 40 people, those that are
# 0.4 off the skin are 0.25 off each other or vary by 0.33.
OBJECT_UNLIKE, OBJECT_APART, OBJECT_VARIED = (0.45, 0.65), (0.12, 0.25), (0.15, 0.28)
CLOSER = (0.4, 0.6)  # of the way from skin to the covering: where one ends and the other begins


@dataclass(frozen=True, slots=True)
class CoveringKind:
    """A kind of covering. ``bare`` and ``parts``: the mesh points that it leaves free and covers.

    ``reach``: cm above the canonical origin: where it begins to be possible and surely is, at its
    lower edge, then where it surely ends and is impossible, at its upper. ``pale``: whether its hue
    may identify it; under the eyes skin is pale itself. ``sides``: the parts of which it leaves one
    free, if it is held and not worn; then it is of one colour.
    """

    name: str
    bare: NDArray[np.intp]
    parts: tuple[NDArray[np.intp], ...]
    reach: tuple[float, float, float, float]
    pale: bool
    sides: tuple[NDArray[np.intp], ...] = ()


MASK = CoveringKind(
    "mask",
    bare=np.concatenate([BRIDGE, RIGHT_RIM, LEFT_RIM]),
    parts=(NOSE, RIGHT_CHEEK, LEFT_CHEEK),
    reach=(-99.0, -98.0, 1.5, 2.5),
    pale=True,
)
SUNGLASSES = CoveringKind(
    "sunglasses",
    bare=np.concatenate([NOSE, RIGHT_CHEEK, LEFT_CHEEK]),
    parts=(RIGHT_RIM, LEFT_RIM),
    reach=(-1.0, 0.0, 5.5, 6.5),
    pale=False,
)
OBJECT = CoveringKind(
    "object",
    bare=np.concatenate([NOSE, RIGHT_CHEEK, LEFT_CHEEK]),
    parts=(LIPS, CHIN),
    reach=(-99.0, -98.0, 0.5, 1.5),
    pale=True,
    sides=(RIGHT_JAW, LEFT_JAW),
)
COVERING_KINDS = (MASK, SUNGLASSES, OBJECT)


@dataclass(frozen=True, slots=True)
class Covering:
    """One that was found. ``skin`` and ``colour``: (3,) log RGB, ``confidence``: 0-1."""

    kind: CoveringKind
    skin: Float
    colour: Float
    confidence: float

    def share(self, colours: Float, zone: Float) -> Float:
        """How far (…, 3) log RGB ``colours`` are the covering's: (…), 0-1.

        ``zone``: (…) how far it may lie there, 0-1, see :func:`covering_zone`.
        """
        skin = distance_from_skin(colours - self.skin)
        own = distance_from_skin(colours - self.colour)
        closer = smoothstep(skin / np.maximum(skin + own, 1e-6), *CLOSER)
        return np.asarray(self.confidence * zone * closer, np.float32)


def covering_zone(kind: CoveringKind, canonical: Canonical) -> Float:
    """How far a covering of this kind may lie on each mesh point: (478,), 0-1."""
    below, low, high, above = kind.reach
    heights = canonical.xyz[:, 1]
    return np.asarray(smoothstep(heights, below, low) * (1 - smoothstep(heights, high, above)))


def find_covering(colours: Float, seen: Float) -> Covering | None:
    """What covers the face, by (478, 3) log RGB ``colours`` weighted by (478,) ``seen``, 0-1.

    One covering at most: next to a white mask the rims of the eyes are as dark as sunglasses.
    """
    found = ((_held if kind.sides else _worn)(kind, colours, seen) for kind in COVERING_KINDS)
    return next((covering for covering in found if covering.confidence > 0), None)


def _worn(kind: CoveringKind, colours: Float, seen: Float) -> Covering:
    skin = _colour(colours, seen, kind.bare)
    # A cheek that is turned away does not count.
    turned_here = [part for part in kind.parts if seen[part].mean() > 0.2]
    parts: list[Float] = []
    confidence = 1.0 if turned_here else 0.0
    for part in turned_here:
        parts.append(_colour(colours, seen, part))
        confidence = min(confidence, _unlikeness(parts[-1] - skin, pale=kind.pale))
        if not confidence:  # as on nearly every face
            break
    colour = np.median(parts, axis=0).astype(np.float32) if confidence else skin
    return Covering(kind, skin, colour, confidence)


def _held(kind: CoveringKind, colours: Float, seen: Float) -> Covering:
    skin = _colour(colours, seen, kind.bare)
    parts = [_colour(colours, seen, part) for part in kind.parts]
    whole = np.concatenate(kind.parts)
    colour = _colour(colours, seen, whole)
    unlike = min(float(distance_from_skin(part - skin)) for part in parts)
    apart = float(distance_from_skin(parts[0] - parts[1]))
    varied = float(np.median(distance_from_skin(colours[whole] - colour)))
    confidence = ramp(unlike, *OBJECT_UNLIKE)
    confidence *= 1 - ramp(apart, *OBJECT_APART)
    confidence *= 1 - ramp(varied, *OBJECT_VARIED)
    sides = [_colour(colours, seen, side) for side in kind.sides]
    if all(distance_from_skin(side - colour) < distance_from_skin(side - skin) for side in sides):
        confidence = 0.0
    return Covering(kind, skin, colour, confidence)


def _unlikeness(off: Float, *, pale: bool) -> float:
    """The confidence that a colour ``off`` (3,) log RGB from the skin's is not skin: 0-1."""
    dark = ramp(float(-off @ LUMA), *DARK)
    if not pale:
        return dark
    far = ramp(float(distance_from_skin(off)), *UNLIKE)
    return max(dark, far * ramp(float(off[2] - off[0]), *PALLOR))


def _colour(colours: Float, seen: Float, part: NDArray[np.intp]) -> Float:
    return median_colour(colours[part], seen[part] + 1e-6)
