"""The regions that a clinician names, as soft weights of the mesh points."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from appliance.errors import ApplianceError
from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.topology import (
    INNER_LIPS,
    LEFT_EYE,
    OUTER_LIPS,
    OVAL,
    POINTS,
    RIGHT_EYE,
    SKIN_POINTS,
    indices,
)
from appliance.pipeline.imaging.geometry import smoothstep
from appliance.pipeline.imaging.types import Float

WHOLE_FACE = "face"
REACH = 0.9  # cm over which one region fades into the next
EDIT_REACH = 0.6  # the same where a person edits a region of its own

LIP_RIM = (0.1, 0.45)  # cm from the points of the lips over which they end
FOLD_REACH = (0.2, 1.0)  # cm from a smile's fold over which it ends
ORBIT = (0.4, 1.6)  # cm from the rims of the lids over which their creases end
BROW = (0.3, 1.2)  # cm from the brows over which the skin of the lids begins

# Points of the subject's right half and of the middle; the left half mirrors them.
_SEEDS: Mapping[str, NDArray[np.intp]] = {
    "nose": indices("1 2 4 5 6 19 94 97 98 122 195 196 197 48 64 129 236 198 131 115 49"),
    "jaw": indices(
        "152 148 176 149 150 136 172 58 132 199 200 175 171 140 170 169 135 138 215 210 211 32 208"
        " 194 204 202 18 83 182 106 43"
    ),
    "cheeks": indices(
        "50 101 118 117 116 123 147 187 205 36 207 213 192 177 137 227 234 93 142 203 206 216 111"
        " 31 228 229 100"
    ),
    "lips": np.concatenate([OUTER_LIPS, INNER_LIPS, indices("164 165 92 186 57")]),
    "eyes": np.concatenate(
        [RIGHT_EYE, indices("130 25 110 24 23 22 26 112 243 247 30 29 27 28 56")]
    ),
    "brows": indices("70 63 105 66 107 55 65 52 53 46 9 8"),
    "forehead": indices("10 109 67 103 54 21 151 108 69 104 68 71 162 139 127 34 156"),
}
_FOLD = indices("129 203 206 216 212")  # of the right half
REGIONS = tuple(_SEEDS)


def region_weights(canonical: Canonical, reach: float = REACH) -> dict[str, Float]:
    """By region how far each of the 478 points belongs to it: (478,), 0-1; a point's sum is 1."""
    xyz = canonical.xyz.astype(np.float64)
    lengths = (xyz**2).sum(axis=1)
    nearest = []
    for half in _SEEDS.values():
        seeds = np.union1d(half, canonical.mirror[half])
        squares = lengths[seeds][:, None] - 2 * xyz[seeds] @ xyz.T  # of distances, less lengths
        nearest.append(squares.min(axis=0) + lengths)
    nearness = np.exp(-0.5 * np.maximum(nearest, 0) / reach**2) + 1e-9
    parts = nearness / nearness.sum(axis=0)
    return dict(zip(REGIONS, parts.astype(np.float32), strict=True))


def point_strengths(canonical: Canonical, wanted: Mapping[str, float]) -> Float:
    """Region strengths, 0-1, as one strength for every mesh point: (478,).

    In ``wanted`` the name ``face`` stands for all regions that are not named. Raises
    ApplianceError for an unknown region or a strength outside 0-1.
    """
    for name, value in wanted.items():
        if name not in (*REGIONS, WHOLE_FACE):
            raise ApplianceError(
                f"There is no region named {name!r}",
                f"Use one of: {', '.join((*REGIONS, WHOLE_FACE))}.",
            )
        if not 0 <= value <= 1:
            raise ApplianceError(
                f"The strength {value} of {name!r} is outside 0 to 1",
                "Give a strength from 0 to 1.",
            )
    total = np.zeros(POINTS, np.float32)
    for name, share in region_weights(canonical, EDIT_REACH).items():
        total += share * wanted.get(name, wanted.get(WHOLE_FACE, 0.0))
    return total


def feature_weights(canonical: Canonical) -> Float:
    """How far each mesh point lies on lips, brows or eyes, not on skin: (478,), 0-1."""
    parts = region_weights(canonical)
    own = np.clip(2 * (parts["lips"] + parts["brows"] + parts["eyes"]), 0, 1)
    own[SKIN_POINTS:] = 1
    return np.asarray(own, np.float32)


def hair_prior(canonical: Canonical) -> Float:
    """How readily a colour unlike skin is taken for hair at each mesh point: (478,), 0-1.

    Fully on the forehead; less on temples and before the ears, where shadows are dark as well.
    """
    top = smoothstep(canonical.xyz[:, 1], 3.0, 5.0)
    side = 0.55 * smoothstep(np.abs(canonical.xyz[:, 0]), 4.5, 6.0)
    brows = np.clip(1.5 * region_weights(canonical)["brows"], 0, 1)
    return np.asarray(np.maximum(top, side) * (1 - brows), np.float32)


def lip_weights(canonical: Canonical) -> Float:
    """How far each mesh point lies on the lips, or next to them: (478,), 0-1."""
    rings = np.concatenate([OUTER_LIPS, INNER_LIPS])
    return np.asarray(1 - smoothstep(distance_to(canonical, rings), *LIP_RIM), np.float32)


def fold_weights(canonical: Canonical) -> Float:
    """How far each mesh point lies in the fold that a smile draws: (478,), 0-1.

    From the wings of the nose past the corners of the mouth (the nasolabial fold).
    """
    fold = np.concatenate([_FOLD, canonical.mirror[_FOLD]])
    return np.asarray(1 - smoothstep(distance_to(canonical, fold), *FOLD_REACH), np.float32)


def orbit_weights(canonical: Canonical) -> Float:
    """How far each mesh point moves or creases with the lids, of the right and the left eye.

    (2, 478), 0-1: 1 on the lids, falling off to the cheek; 0 on the brows.
    """
    brows = _SEEDS["brows"]
    brows = np.union1d(brows, canonical.mirror[brows])
    skin = smoothstep(distance_to(canonical, brows), *BROW)
    near = [1 - smoothstep(distance_to(canonical, eye), *ORBIT) for eye in (RIGHT_EYE, LEFT_EYE)]
    return np.asarray(np.stack(near) * skin, np.float32)


def distance_to(canonical: Canonical, places: NDArray[np.intp]) -> Float:
    """The distance of each mesh point from the nearest of those in ``places``: (478,) cm."""
    gaps = np.linalg.norm(canonical.xyz[:, None] - canonical.xyz[None, places], axis=2)
    return np.asarray(gaps.min(axis=1), np.float32)


def distance_to_outline(canonical: Canonical) -> Float:
    """The distance of each mesh point from the oval, which outlines the face: (478,) cm."""
    xyz = canonical.xyz.astype(np.float64)
    oval = xyz[OVAL]
    steps = np.linspace(0, 1, 8, endpoint=False)[:, None, None]
    outline = (oval + (np.roll(oval, -1, axis=0) - oval) * steps).reshape(-1, 3)
    squares = (outline**2).sum(axis=1)[:, None] - 2 * outline @ xyz.T + (xyz**2).sum(axis=1)
    return np.asarray(np.sqrt(np.maximum(squares.min(axis=0), 0)), np.float32)
