"""One face through one shot, changed by a generator."""

from __future__ import annotations

import numpy as np

from appliance.inference.batch_scheduler import InferenceTask
from appliance.inference.session import Tensor
from appliance.pipeline.face_model.boxes import around, crop_box
from appliance.pipeline.face_model.canonical import Canonical, with_skirt
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.grid import Grid, rasterise
from appliance.pipeline.face_model.topology import POINTS, five_points
from appliance.pipeline.generator_engine.networks import GeneratorNetworks
from appliance.pipeline.generator_engine.paste import box_mask, pasted
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.geometry import warp
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.media.canvas import Box, Canvas

STRENGTH_CELLS = 128  # a side of the raster that the strengths of the regions are drawn on


class GeneratorShot:
    """Nothing is remembered from frame to frame.

    ``source``: the person as the generator takes them. ``strength``: (478,) 0-1 at each mesh point.
    """

    def __init__(
        self, networks: GeneratorNetworks, canonical: Canonical, source: Tensor, strength: Float
    ) -> None:
        self._networks = networks
        self._canonical = canonical
        self._source = source
        self._strength = strength
        self._uniform = bool(np.ptp(strength) < 1e-6)

    def edit(
        self, canvas: Canvas, face: Face, share: float = 1.0, covered: Float | None = None
    ) -> InferenceTask[None]:
        """See :class:`appliance.pipeline.engine.Shot`; any number may be in work at once."""
        networks = self._networks
        box = self._box(canvas, face)
        if box is None:
            return
        whole, local = canvas.read(box), face.moved(-box.x, -box.y)
        five = yield from networks.five_points.find(whole, local)
        source = yield from networks.encoder.rebalanced(
            self._source, whole, five, networks.identity_weight
        )
        image, support = whole, np.zeros(whole.shape[:2], np.uint8)
        for step in networks.steps(source):
            matrix = step.matrix(five)
            crop = warp(image, matrix, step.side)
            mask = (yield from self._mask(crop)) * self._strengths(local, matrix, step.side)
            mask = mask * np.float32(share)
            changed = yield from step.change(crop)
            image, touched = pasted(image, changed, mask * step.share, matrix)
            support |= touched
        canvas.write(box, images.grey_like(image, whole), support)

    def _box(self, canvas: Canvas, face: Face) -> Box | None:
        """What all crops of the face show of the picture; ``None`` where one shows nothing."""
        five = five_points(face.points)
        boxes = [
            crop_box(step.matrix(five), step.side, canvas)
            for step in self._networks.steps(self._source)
        ]
        inside = [box for box in boxes if box is not None]
        return around(inside) if len(inside) == len(boxes) else None

    def _mask(self, crop: Image) -> InferenceTask[Float]:
        """How far an aligned crop may change: (side, side), 0-1, 0 at its border."""
        mask = box_mask(crop.shape[0])
        for limit in self._networks.masks:
            mask = np.minimum(mask, (yield from limit(crop)))
        return mask

    def _strengths(self, face: Face, matrix: Float, side: int) -> Float | np.float32:
        """The strengths of the mesh points over an aligned crop: one number, or (side, side)."""
        if self._uniform:
            return np.float32(self._strength.max())
        points = with_skirt(face.mesh)
        strength = np.zeros((len(points), 1), np.float32)  # fades from the oval to the skirt
        strength[:POINTS, 0] = self._strength
        grid = Grid(matrix * np.float32(STRENGTH_CELLS / side), STRENGTH_CELLS)
        drawn = rasterise(self._canonical, grid, points).cover().interpolate(strength)[..., 0]
        return images.resized(drawn, (side, side))
