"""The canonical texture plane: a face unwrapped from its picture."""

from __future__ import annotations

import numpy as np

from appliance.pipeline.face_model.canonical import MOUTH_HOLE, SKIRT_RING, Canonical
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.raster import Raster
from appliance.pipeline.imaging.types import Float

UNIT_EYE_DISTANCE = 0.44  # outer eye corners of the canonical face, in widths of the plane


class TexturePlane:
    """The unit square of the canonical face as ``size``² texels.

    Which triangle covers a texel never changes, so it is computed once. ``covered``: (size, size)
    whether any does. ``mouth``: (size, size) whether it is the opening of the mouth.
    """

    def __init__(self, canonical: Canonical, size: int) -> None:
        self.size = size
        self._at = (canonical.uv * size - 0.5).astype(np.float32)
        drawn = canonical.kind != SKIRT_RING
        self._drawn = np.flatnonzero(drawn)
        triangles = canonical.triangles[drawn]
        depth = np.zeros(len(triangles), np.float32)
        raster = Raster.draw(self._at, depth, triangles, (size, size))
        self._cover = raster.cover()
        self.covered = raster.ids >= 0
        self.mouth = self.covered & (canonical.kind[drawn] == MOUTH_HOLE)[raster.ids]

    def interpolate(self, values: Float) -> Float:
        """(478, c) values at the mesh points, over the plane: (size, size, c)."""
        return self._cover.interpolate(values)

    def paint(self, values: Float) -> Float:
        """(n,) values of the canonical triangles over the plane, 0 outside of all: (size, size)."""
        return self._cover.paint(values[self._drawn]) * self.covered

    def unwrap(self, image: images.AnyImage, points: Float) -> images.AnyImage:
        """``image`` at each texel, where the mesh lies at (478, 2) ``points``: (size, size, c)."""
        return images.remapped(image, self.interpolate(points))

    def pick(self, plane: Float) -> Float:
        """The value of a (size, size) plane at each mesh point: (478,)."""
        return np.asarray(images.remapped(plane, self._at[None])[0], np.float32)
