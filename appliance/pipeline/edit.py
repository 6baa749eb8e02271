"""One face of one picture: cut out, masked, swapped, blended, put back."""

from __future__ import annotations

import cv2
import numpy as np

from appliance.pipeline.face import Face, Float, Image
from appliance.pipeline.fit import Fit
from appliance.pipeline.mask import Usual
from appliance.pipeline.media.canvas import Canvas
from appliance.pipeline.region import face_box
from appliance.pipeline.stages import Stages
from appliance.pipeline.swap import MeshSwapper, Patch


class FaceEditor:
    """Applies a fitted source to faces.

    ``grid``: see :class:`MeshSwapper`. ``limit``: longest side, in pixels, of the cut-out that is
    worked on; of a larger face the change is worked out smaller and enlarged, so that memory stays
    bounded and the picture keeps its own finest detail.
    """

    def __init__(self, stages: Stages, grid: int, limit: int) -> None:
        self._stages = stages
        self._swapper = MeshSwapper(stages.face, stages.poser, grid)
        self._limit = limit

    def edit(
        self,
        canvas: Canvas,
        face: Face,
        fit: Fit,
        usual: Usual | None = None,
        person: Float | None = None,
    ) -> Float | None:
        """Change ``canvas`` in place; pixels outside the face's surroundings keep their value.

        ``usual`` and ``person`` are a video's memory. Returns the person mask it used, for the next
        frames; ``None`` where the face is outside the picture.
        """
        box = face_box(face, canvas)
        if box is None:
            return None
        whole = canvas.read(box)
        scale = min(1.0, self._limit / max(box.w, box.h))
        image, local = whole, face.moved(-box.x, -box.y)
        if scale < 1:
            size = (max(8, round(box.w * scale)), max(8, round(box.h * scale)))
            image = np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), np.uint8)
            local = face.moved(-box.x, -box.y, scale)
        person = self._stages.masker.person(image) if person is None else person
        patch = self._patch(image, local, fit, usual, person)
        if scale < 1:
            patch = _enlarged(patch, image, whole)
        canvas.write(box, patch.rgb, patch.support)
        return person

    def _patch(
        self, image: Image, face: Face, fit: Fit, usual: Usual | None, person: Float
    ) -> Patch:
        masker = self._stages.masker
        light = self._stages.meter.measure(image, face.points, self._swapper.visible(face))
        look = masker.look(image, face.points, light)
        unit = (face.points + 0.5) / np.array(image.shape[1::-1], np.float32)
        shown = masker.visible(look, usual, person, unit)
        if usual is not None:
            usual.add(look, shown)
        return self._swapper.swap(image, face, light, fit, shown)


def _enlarged(patch: Patch, image: Image, whole: Image) -> Patch:
    """A patch of the shrunk ``image`` as a patch of the ``whole``: only the change is enlarged."""
    size = (whole.shape[1], whole.shape[0])
    change = cv2.subtract(patch.rgb, image, dtype=cv2.CV_16S)
    change = cv2.resize(change, size, interpolation=cv2.INTER_LINEAR)
    rgb = np.asarray(cv2.add(whole, change, dtype=cv2.CV_8U), np.uint8)
    support = cv2.resize(patch.support, size, interpolation=cv2.INTER_NEAREST)
    return Patch(rgb, np.asarray(support, np.uint8))
