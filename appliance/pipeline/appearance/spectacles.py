"""The frames of spectacles: thin dark lines below both eyes, and all that is connected to them.

Lashes, brows and wrinkles are dark and thin too, but none of them runs below the whole of an eye,
on both sides. Frames without a lower rim are not found.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.appearance.tone import LUMA
from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.texture import TexturePlane
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.types import Float

WIDTH = 5  # texels of 2 mm: anything wider is not a frame
LINE = 0.2  # log luminance below its surroundings from which a texel is a line's
BELOW = (-1.5, 1.8)  # cm above the canonical origin, between which the lower rim runs
BAND = (-1.5, 6.0)  # the same for the whole frame
EYE = (2.0, 4.5)  # cm from the middle: the breadth of an eye
ALONG = 0.75  # the share of an eye's breadth below which a line must run


class FrameFinder:
    """Finds the frames of spectacles in a face's albedo."""

    def __init__(self, canonical: Canonical, plane: TexturePlane) -> None:
        across, up = np.moveaxis(
            plane.interpolate(np.ascontiguousarray(canonical.xyz[:, :2])), -1, 0
        )
        self._band = plane.covered & (up > BAND[0]) & (up < BAND[1])
        below = self._band & (up > BELOW[0]) & (up < BELOW[1])
        self._below = [below & (side > EYE[0]) & (side < EYE[1]) for side in (-across, across)]

    def find(self, albedo: Float) -> Float:
        """1 on the frames in an (s, s, 3) log RGB ``albedo``, 0 elsewhere: (s, s)."""
        luma = np.asarray(albedo @ LUMA, np.float32)
        lines = (images.darker_lines(luma, WIDTH) > LINE) & self._band
        _, labels = cv2.connectedComponents(lines.astype(np.uint8), connectivity=8)
        rims = [_longest(labels, below) for below in self._below]
        if None in rims:
            return np.zeros(lines.shape, np.float32)
        return np.isin(labels, np.array(rims)).astype(np.float32)


def _longest(labels: NDArray[np.int32], below: NDArray[np.bool_]) -> int | None:
    """The label of the line that runs below most of the eye, if one does."""
    breadth = np.count_nonzero(below.any(axis=0))
    runs = {
        int(label): np.count_nonzero(((labels == label) & below).any(axis=0))
        for label in np.unique(labels[below])
        if label
    }
    label = max(runs, key=runs.__getitem__, default=None)
    return label if label is not None and runs[label] >= ALONG * breadth else None
