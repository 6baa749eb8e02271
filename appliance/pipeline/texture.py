"""The canonical texture plane: what a picture shows of a face, unwrapped."""

from __future__ import annotations

import cv2
import numpy as np

from appliance.pipeline.canonical import SKIRT_RING, Canonical
from appliance.pipeline.face import Float, Image
from appliance.pipeline.raster import Raster
from appliance.pipeline.topology import POINTS

UNIT_EYE_DISTANCE = 0.44  # outer eye corners of the canonical face, in widths of the plane


class TexturePlane:
    """The unit square of the canonical face as ``size``² texels.

    Which triangle covers a texel never changes, so it is worked out once.
    """

    def __init__(self, face: Canonical, size: int) -> None:
        self.size = size
        self.at = (face.uv * size - 0.5).astype(np.float32)
        flat = np.zeros(POINTS, np.float32)
        self._raster = Raster.draw(
            self.at, flat, face.triangles[face.kind != SKIRT_RING], (size, size)
        )
        self.covered = self._raster.ids >= 0

    def spread(self, values: Float) -> Float:
        """(478, c) values at the mesh points over the plane: (size, size, c)."""
        return self._raster.spread(values)

    def unwrap(self, image: Image, points: Float) -> Image:
        """What ``image`` shows at each texel of a face whose mesh lies at (478, 2) ``points``."""
        at = self.spread(points)
        unwrapped = cv2.remap(
            image, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(unwrapped, image.dtype)

    def pick(self, plane: Float) -> Float:
        """The value of a (size, size) plane at each mesh point: (478,)."""
        at = self.at[None]
        picked = cv2.remap(plane, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(picked[0], np.float32)
