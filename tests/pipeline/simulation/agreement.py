"""A simulated picture against the picture that the moved head truly gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.face_model.boxes import face_box
from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.perspective_pose import MM
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.media.canvas import Box
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.simulation.field import FieldSolver, WarpField
from appliance.pipeline.simulation.mover import HandleMover
from appliance.pipeline.simulation.scale import Scale
from appliance.pipeline.simulation.shading import LightEstimator
from appliance.pipeline.simulation.simulator import apply_field
from appliance.pipeline.simulation.view import View, ViewEstimator
from tests.pipeline.simulation.lit import LIT_MM, SIZE, ZOOM, Lamps, Lit, LitHead, log_light

MOVED = 0.05  # mm from which a pixel counts as moved
RELIT = 0.02  # log ratio of light from which a pixel counts as relit
FEWEST = 50  # pixels that tell something

# Wang, Bovik, Sheikh and Simoncelli, 2004.
SIGMA = 1.5
STABLE = ((0.01 * 255) ** 2, (0.03 * 255) ** 2)


@dataclass(frozen=True, slots=True)
class Agreement:
    """Between a simulated picture and the true one.

    ``ssim``: the mean over the pixels that move, or should; ``undone``: of the picture as it was
    before. Over those of the face whose light
    changes, or should: ``slope``, of the estimated log ratio of light on the true one, 1 where all
    of it is there; ``left``, the pictures' mean absolute difference over what it is without any
    change of light. Both are no number where no light changes.
    """

    ssim: float
    undone: float
    slope: float
    left: float


class PictureMeter:
    """Simulates pictures of heads with their true mesh, and compares."""

    def __init__(self, canonical: Canonical) -> None:
        self._views, self._mover = ViewEstimator(canonical), HandleMover(canonical)
        self._solver, self._light = FieldSolver(canonical), LightEstimator(canonical)

    def moved(self, head: LitHead, yaw: float, lamps: Lamps, values: Mapping[str, float]) -> Lit:
        """The picture of a head that is moved by ``values``, by handle."""
        move = self._mover.move(head.shape * np.float32(MM), values)
        return head.lit(yaw, lamps, move / np.float32(MM))

    def view(self, before: Lit, plain: Scale) -> View:
        """By the true mesh; ``plain``: the scale in a picture of a plain head."""
        return self._views.view(before.mesh, SIZE, replace(plain, mm=plain.mm / ZOOM))

    def field(self, before: Image, view: View, values: Mapping[str, float]) -> WarpField:
        """What a simulation does to a picture."""
        after = view.moved(self._mover.move(view.shape, values))
        photo = Photo(before)
        box = face_box(Face(view.mesh, 1.0), photo.canvas)
        assert box is not None
        corner = np.array(box[:2], np.float32)
        light = self._light.ratio(photo.canvas.read(box), corner, view.mesh, after)
        return self._solver.solve(view.mesh, after, light, view.scale.mm)

    def compare(self, before: Lit, after: Lit, field: WarpField) -> Agreement:
        """What ``field`` makes of ``before`` against ``after``."""
        shift, light = field.over(Box(0, 0, *SIZE))
        longest = np.maximum(np.hypot(*shift.T), np.hypot(*after.shift.T)).T * LIT_MM
        shaded = drawn(before.image, field)
        plain = drawn(before.image, replace(field, light=np.zeros_like(field.light)))
        moved = longest > MOVED
        alike, undone = (
            float(ssim(image, after.image)[moved].mean()) for image in (shaded, before.image)
        )
        true = log_light(before, after)
        relit = after.skin & (np.maximum(np.abs(true), np.abs(light)) > RELIT)
        if relit.sum() < FEWEST:
            return Agreement(alike, undone, np.nan, np.nan)
        slope = (light[relit] * true[relit]).sum() / (true[relit] ** 2).sum()
        off, off_plain = (_off(one, after.image, relit) for one in (shaded, plain))
        return Agreement(alike, undone, float(slope), off / off_plain)


def drawn(image: Image, field: WarpField) -> Image:
    """A copy of a picture, changed by a field."""
    photo = Photo(image.copy())
    apply_field(photo.canvas, field)
    return np.asarray(photo.pixels, np.uint8)


def ssim(one: Image, other: Image) -> Float:
    """The structural similarity of two (h, w, 3) pictures' luminance around each pixel: (h, w)."""
    a, b = (cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32) for image in (one, other))
    mean_a, mean_b = images.blurred(a, SIGMA), images.blurred(b, SIGMA)
    var_a = images.blurred(a * a, SIGMA) - mean_a**2
    var_b = images.blurred(b * b, SIGMA) - mean_b**2
    both = images.blurred(a * b, SIGMA) - mean_a * mean_b
    first, second = STABLE
    return np.asarray(
        (2 * mean_a * mean_b + first)
        * (2 * both + second)
        / ((mean_a**2 + mean_b**2 + first) * (var_a + var_b + second)),
        np.float32,
    )


def _off(one: Image, other: Image, where: NDArray[np.bool_]) -> float:
    return float(np.abs(one[where].astype(np.float32) - other[where]).mean())
