"""One face of one picture: cut out, masked, swapped, blended, put back."""

from __future__ import annotations

import cv2
import numpy as np

from appliance.pipeline.analysis.analyser import Stages
from appliance.pipeline.appearance.illumination import Light, sampled
from appliance.pipeline.appearance.visibility import Usual
from appliance.pipeline.face_model.boxes import face_box
from appliance.pipeline.face_model.face import Face, Float, Image
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.geometry import shrunk
from appliance.pipeline.media.canvas import Canvas
from appliance.pipeline.mesh_engine.fit import Fit
from appliance.pipeline.mesh_engine.swapper import MeshSwapper, Patch


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
        shown: Float | None = None,
    ) -> Float | None:
        """Change ``canvas`` in place; pixels outside the face's surroundings keep their value.

        ``usual`` and ``shown`` are a video's memory: its face's usual look, and what was found
        free of hands and hair a frame ago, to be believed once more. Returns ``shown`` as it was
        used; ``None`` where the face is outside the picture.
        """
        box = face_box(face, canvas)
        if box is None:
            return None
        whole = canvas.read(box)
        factor = max(1, round(max(box.w, box.h) / self._swapper.effort.limit))
        image, local = shrunk(whole, factor), face.moved(-box.x, -box.y).shrunk(factor)
        small, points = sampled(image, local.points)
        light = self._stages.meter.measure(small, points, self._swapper.visible(local))
        if shown is None:
            look = self._stages.masker.look(small, points, light)
            shown = self._shown(image, local, look, light, usual)
        patch = self._swapper.swap(image, local, light, fit, shown)
        if factor > 1:
            patch = _enlarged(patch, image, whole, factor)
        rgb = images.grey_like(patch.rgb, whole)
        canvas.write(box, rgb, patch.support)
        return shown

    def _shown(
        self, image: Image, face: Face, look: Float, light: Light, usual: Usual | None
    ) -> Float:
        masker = self._stages.masker
        person = masker.person(image)
        shown = masker.visible(look, light, usual, person, _in_unit_square(face, image))
        if usual is not None:
            usual.add(look, shown)
        return shown


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
