"""One face of one picture: cut out, masked, swapped, blended, put back."""

from __future__ import annotations

import cv2
import numpy as np

from appliance.pipeline.face import Face, Float, Image
from appliance.pipeline.fit import Fit
from appliance.pipeline.geometry import shrunk
from appliance.pipeline.light import sampled
from appliance.pipeline.mask import Usual
from appliance.pipeline.media.canvas import Canvas
from appliance.pipeline.region import face_box
from appliance.pipeline.stages import Stages
from appliance.pipeline.swap import MeshSwapper, Patch


class FaceEditor:
    """Applies a fitted source to faces.

    Of a face larger than the effort's limit the change is worked out smaller and enlarged, so that
    memory stays bounded and the picture keeps its own finest detail.
    """

    def __init__(self, stages: Stages, swapper: MeshSwapper) -> None:
        self._stages = stages
        self._swapper = swapper

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
        factor = max(1, round(max(box.w, box.h) / self._swapper.effort.limit))
        image, local = whole, face.moved(-box.x, -box.y)
        if factor > 1:
            image, local = shrunk(whole, factor), local.shrunk(factor)
        person = self._stages.masker.person(image) if person is None else person
        patch = self._patch(image, local, fit, usual, person)
        if factor > 1:
            patch = _enlarged(patch, image, whole, factor)
        canvas.write(box, patch.rgb, patch.support)
        return person

    def _patch(
        self, image: Image, face: Face, fit: Fit, usual: Usual | None, person: Float
    ) -> Patch:
        masker = self._stages.masker
        small, points = sampled(image, face.points)
        light = self._stages.meter.measure(small, points, self._swapper.visible(face))
        look = masker.look(small, points, light)
        shown = masker.visible(look, usual, person, _in_unit_square(face, image))
        if usual is not None:
            usual.add(look, shown)
        return self._swapper.swap(image, face, light, fit, shown)


def _in_unit_square(face: Face, image: Image) -> Float:
    height, width = image.shape[:2]
    return np.asarray((face.points + 0.5) / (width, height), np.float32)


def _enlarged(patch: Patch, image: Image, whole: Image, factor: int) -> Patch:
    """A patch of the shrunk ``image`` as a patch of the ``whole``: only the change is enlarged."""
    height, width = (side * factor for side in image.shape[:2])
    change = cv2.subtract(patch.rgb, image, dtype=cv2.CV_16S)
    change = cv2.resize(change, (width, height), interpolation=cv2.INTER_LINEAR)
    rgb, support = whole.copy(), np.zeros(whole.shape[:2], np.uint8)
    rgb[:height, :width] = cv2.add(whole[:height, :width], change, dtype=cv2.CV_8U)
    support[:height, :width] = cv2.resize(
        patch.support, (width, height), interpolation=cv2.INTER_NEAREST
    )
    return Patch(rgb, support)
