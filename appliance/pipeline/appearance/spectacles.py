"""The frames of spectacles: a thin dark line across the bridge of the nose, and what hangs on it.

Lashes, brows and wrinkles are dark and thin too, but none of them crosses the nose between the
eyes. In 143 faces of photographs such a line ran across 80 % of the bridge or more on each of the
twelve with frames, and across 40 % or less on the others. Frames without a bridge, and those as
bright as skin, are not found.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.appearance.tone import LUMA
from appliance.pipeline.face_model.canonical import LEFT_EYE_HOLE, RIGHT_EYE_HOLE, Canonical
from appliance.pipeline.face_model.texture import TexturePlane
from appliance.pipeline.face_model.topology import indices
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.types import Float

WIDTH = 5  # texels of 2 mm: anything wider is not a frame
LINE = 0.2  # log luminance below its surroundings from which a texel is a line's
BRIDGE = (0.5, 4.2)  # cm above the canonical origin, between which a bridge lies on the nose
REACH = 1.0  # cm from the middle of the face to which it surely reaches
ACROSS = 0.6  # the share of that breadth which a line must cross
BAND = (-1.5, 6.0)  # cm above the canonical origin, between which the frames lie
# Within the breadth and the heights of lenses, cm, but not next to the lids, which have creases,
# all lines are theirs, connected or not.
LENSES = (6.2, -0.5, 4.4)
LASHES = 3  # texels across, of which the middle one is within an eye
LIDS = 9  # the same
FAINT = 0.12  # log luminance, as ``LINE``, where all of the frames must be found
BROW = indices("70 63 105 66 107 55 65 52 53 46")  # around the right one
FIXED = 4  # bits of a texel's fraction that OpenCV draws with


class FrameFinder:
    """Finds the frames of spectacles in a face's albedo."""

    def __init__(self, canonical: Canonical, plane: TexturePlane) -> None:
        across, up = np.moveaxis(
            plane.interpolate(np.ascontiguousarray(canonical.xyz[:, :2])), -1, 0
        )
        across = np.abs(across)
        # What else is dark: it may touch the frames in the picture, and is no part of them.
        eyes = _eyes(canonical, plane)
        skin = plane.covered & ~_around(eyes, LASHES) & ~_brows(canonical, plane)
        self._band = skin & (up > BAND[0]) & (up < BAND[1])
        self._bridge = skin & (up > BRIDGE[0]) & (up < BRIDGE[1]) & (across < REACH)
        self._lenses = (up > LENSES[1]) & (up < LENSES[2]) & (across < LENSES[0])
        self._off_lids = self._lenses & ~_around(eyes, LIDS)

    def find(self, albedo: Float, *, whole: bool = False) -> Float:
        """1 on the frames in an (s, s, 3) log RGB ``albedo``, 0 elsewhere: (s, s).

        ``whole``: whether nothing of them may be left out; then creases next to them are found,
        too.
        """
        luma = np.asarray(albedo @ LUMA, np.float32)
        darker = images.darker_lines(luma, WIDTH)
        parts = _connected((darker > LINE) & self._bridge)
        breadth = np.count_nonzero(self._bridge.any(axis=0))
        crossed = [
            np.count_nonzero((parts == part).any(axis=0)) for part in range(1, parts.max() + 1)
        ]
        if max(crossed, default=0) < ACROSS * breadth:
            return np.zeros(luma.shape, np.float32)
        bridge = parts == 1 + int(np.argmax(crossed))
        lines = (darker > (FAINT if whole else LINE)) & self._band
        labels = _connected(lines)
        rims = lines & (self._lenses if whole else self._off_lids)
        frames = np.isin(labels, np.unique(labels[bridge])) | rims
        return np.asarray(frames, np.float32)


def _connected(places: NDArray[np.bool_]) -> NDArray[np.int32]:
    """(h, w): 0 outside of the (h, w) ``places``, and a number for each connected part of them."""
    _, labels = cv2.connectedComponents(places.astype(np.uint8), connectivity=8)
    return np.asarray(labels, np.int32)


def _eyes(canonical: Canonical, plane: TexturePlane) -> Float:
    """(s, s): 1 in the openings of the eyes, else 0."""
    return plane.paint(np.isin(canonical.kind, (RIGHT_EYE_HOLE, LEFT_EYE_HOLE)).astype(np.float32))


def _around(places: Float, side: int) -> NDArray[np.bool_]:
    """(s, s): within a square of ``side`` texels around ``places``, (s, s)."""
    return images.dilated(places, side) > 0


def _brows(canonical: Canonical, plane: TexturePlane) -> NDArray[np.bool_]:
    """(s, s): both brows."""
    brows = np.zeros((plane.size, plane.size), np.uint8)
    for ring in (BROW, canonical.mirror[BROW]):
        corners = (canonical.uv[ring] * plane.size - 0.5) * (1 << FIXED)
        cv2.fillPoly(brows, [np.rint(corners).astype(np.int32)], 1, cv2.LINE_8, FIXED)
    return brows > 0
