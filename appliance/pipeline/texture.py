"""The canonical texture plane: what a picture shows of a face, unwrapped."""

from __future__ import annotations

import cv2
import numpy as np

from appliance.pipeline.canonical import MOUTH_HOLE, SKIRT_RING, Canonical
from appliance.pipeline.face import Float, Image
from appliance.pipeline.raster import Raster

UNIT_EYE_DISTANCE = 0.44  # outer eye corners of the canonical face, in widths of the plane


class TexturePlane:
    """The unit square of the canonical face as ``size``² texels.

    Which triangle covers a texel, and how, never changes: it is worked out once.
    ``covered``: (size, size) whether any does. ``mouth``: whether it is the opening of the mouth.
    """

    def __init__(self, face: Canonical, size: int) -> None:
        self.size = size
        self._at = (face.uv * size - 0.5).astype(np.float32)
        drawn = face.kind != SKIRT_RING
        triangles = face.triangles[drawn]
        depth = np.zeros(len(triangles), np.float32)
        raster = Raster.draw(self._at, depth, triangles, (size, size))
        self._cover = raster.cover()
        self.covered = raster.ids >= 0
        self.mouth = self.covered & (face.kind[drawn] == MOUTH_HOLE)[raster.ids]

    def spread(self, values: Float) -> Float:
        """(478, c) values at the mesh points over the plane: (size, size, c)."""
        return self._cover.spread(values)

    def unwrap(self, image: Image | Float, points: Float) -> Image | Float:
        """What ``image`` shows at each texel of a face whose mesh lies at (478, 2) ``points``."""
        at = self.spread(points)
        unwrapped = cv2.remap(
            image, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(unwrapped, image.dtype)

    def pick(self, plane: Float) -> Float:
        """The value of a (size, size) plane at each mesh point: (478,)."""
        at = self._at[None]
        nothing = np.empty(0, np.float32)
        picked = cv2.remap(plane, at, nothing, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(picked[0], np.float32)
