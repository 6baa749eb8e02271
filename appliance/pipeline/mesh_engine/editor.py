"""One face of one picture: cut out, changed, put back."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from appliance.pipeline.appearance.illumination import (
    Light,
    LightMeter,
    at_skin_resolution,
    skin_factor,
)
from appliance.pipeline.appearance.look.face_look import photographed_look
from appliance.pipeline.appearance.look.planes import FINE, LookPlanes, to_side
from appliance.pipeline.appearance.visibility import AppearanceModel, VisibilityEstimator
from appliance.pipeline.face_model.boxes import face_box
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.topology import eye_distance
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.geometry import shrunk, shrunk_points
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.media.canvas import Canvas
from appliance.pipeline.mesh_engine.fit import SourceFit
from appliance.pipeline.mesh_engine.swapper import MeshSwapper, Patch


@dataclass(frozen=True, slots=True)
class FaceEditor:
    """Applies a fitted source to faces.

    Where a face is larger than the preset's limit the change is computed at a reduced size and
    then enlarged: memory stays bounded, and the picture keeps its own finest detail.
    """

    swapper: MeshSwapper
    meter: LightMeter
    visibility: VisibilityEstimator
    planes: LookPlanes

    def edit(
        self,
        canvas: Canvas,
        face: Face,
        fit: SourceFit,
        appearance: AppearanceModel | None = None,
        visibility: Float | None = None,
        *,
        covered: Float | None = None,
    ) -> Float | None:
        """Change ``canvas`` in place; pixels outside the face's surroundings keep their value.

        ``appearance`` and ``visibility`` are what a video remembers: the face's usual appearance,
        and the (96, 96) visibility of an earlier frame, used once more instead of a new estimate.
        ``covered``: (478,) 0-1, how far hands are in front of each mesh point: the light is not
        measured there, and the appearance not learnt.
        Returns the visibility that was used; ``None`` where the face is outside the picture.
        """
        box = face_box(face, canvas)
        if box is None:
            return None
        whole = canvas.read(box)
        factor = max(1, round(max(box.w, box.h) / self.swapper.preset.limit))
        image, local = shrunk(whole, factor), face.moved(-box.x, -box.y).shrunk(factor)
        skin = skin_factor(local.points)
        if factor == 1 and skin <= min(box.w, box.h):
            small, points = canvas.read(box, skin), shrunk_points(local.points, skin)
        else:
            small, points = at_skin_resolution(image, local.points)
        facing = self.swapper.facing(local)
        bare = facing if covered is None else facing * (1 - covered)
        light = self.meter.measure(small, points, bare)
        if visibility is None:
            albedo = self.visibility.albedo(small, points, light)
            visibility = self._estimate(image, local, albedo, light, appearance, covered=covered)
        if fit.wants_look:
            seen = self._seen(bare, visibility)
            look = photographed_look(self.planes, image, local.points, light.field, seen)
            gain = np.exp(light.mean - fit.source.tone)
            fit.match(self.planes, look, gain, eye_distance(local.points))
        patch = self.swapper.swap(
            image, local, light, fit, visibility, facing=facing, covered=covered
        )
        if factor > 1:
            patch = _enlarged(patch, image, whole, factor)
        rgb = images.grey_like(patch.rgb, whole)
        canvas.write(box, rgb, patch.support)
        return visibility

    def _seen(self, facing: Float, visibility: Float) -> Float:
        """How far each texel of the look's plane shows the target's own face: (256, 256), 0-1."""
        return self.planes.spread(facing) * to_side(visibility, FINE)

    def _estimate(
        self,
        image: Image,
        face: Face,
        albedo: Float,
        light: Light,
        appearance: AppearanceModel | None,
        *,
        covered: Float | None,
    ) -> Float:
        person = self.visibility.person(image, face.points)
        points = _in_unit_square(face, image)
        visibility = self.visibility.estimate(albedo, light, appearance, person, points)
        if appearance is not None:
            shown = visibility
            if covered is not None:
                shown = visibility * (1 - self.visibility.on_plane(covered))
            appearance.add(albedo, shown)
        return visibility


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
