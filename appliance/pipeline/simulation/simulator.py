"""A photo, a face in it, values of handles: the photo as it would look, and what was moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from appliance.pipeline.face_model.boxes import face_box
from appliance.pipeline.face_model.canonical import SKIRT_RING, Canonical
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.media.canvas import Box, Canvas
from appliance.pipeline.simulation.field import FieldSolver, WarpField
from appliance.pipeline.simulation.free_hand import Drag, carried, dragged
from appliance.pipeline.simulation.mover import HandleMover
from appliance.pipeline.simulation.scale import Scale
from appliance.pipeline.simulation.shading import LightEstimator, relit
from appliance.pipeline.simulation.view import View, ViewEstimator

SIMULATION = "simulation by handles"
_CUBIC = 2  # pixels that cubic interpolation needs around a place
_TILE = 384  # pixels of a side that are worked out at a time


@dataclass(frozen=True, slots=True)
class Simulated:
    """What was done to one photo.

    ``view``: of its face. ``mesh``: of the face as the picture shows it now, (478, 3) pixels.
    ``moved``: by handle, the longest move of a mesh point that it alone asks for, in the picture,
    mm. ``share``: of the move that could be made without folds.
    """

    view: View
    mesh: Float
    moved: Mapping[str, float]
    share: float


class Simulator:
    """Moves a face by its handles; what depends on the canonical face alone is worked out once."""

    def __init__(self, canonical: Canonical) -> None:
        self.triangles = canonical.triangles[canonical.kind != SKIRT_RING]
        """Of the mesh, (t, 3), without the skirt around it."""
        self._views = ViewEstimator(canonical)
        self._mover = HandleMover(canonical)
        self._solver = FieldSolver(canonical)
        self._light = LightEstimator(canonical)

    def view(self, canvas: Canvas, face: Face, scale: Scale | None = None) -> View:
        """How the face lies before the camera. ``scale``: where it is known."""
        return self._views.view(face.mesh, (canvas.width, canvas.height), scale)

    def simulate(
        self,
        canvas: Canvas,
        view: View,
        values: Mapping[str, float],
        drags: Sequence[Drag] = (),
        mirrored: Float | None = None,
    ) -> Simulated:
        """Change ``canvas`` in place; pixels that nothing moves keep their value.

        ``values``: by handle, in its unit. ``drags``: on top of what the handles do.
        ``mirrored``: (478, 3) mm, what :meth:`Mirror.move` gives, before the handles.
        Raises ``HandleError`` for drags that cannot be.
        """
        shape = view.shape if mirrored is None else view.shape + mirrored
        after = view.moved(shape - view.shape + self._mover.move(shape, values))
        box = face_box(Face(view.mesh, 1.0), canvas)
        field = None
        if box is not None and (values or mirrored is not None):
            corner = np.array(box[:2], np.float32)
            light = self._light.ratio(canvas.read(box), corner, view.mesh, after)
            field = self._solver.solve(view.mesh, after, light, view.scale.mm)
        size = (canvas.width, canvas.height)
        if drags:
            field = dragged(field, drags, view.scale.mm, size)
        if field is not None:
            apply_field(canvas, field)
        share = 1.0 if field is None else field.share
        mesh = np.asarray(view.mesh + share * (after - view.mesh), np.float32)
        if drags:
            alone = dragged(None, drags, view.scale.mm, size)
            part = np.float32(min(1.0, share / alone.share))
            mesh[:, :2] += part * (carried(mesh[:, :2], alone) - mesh[:, :2])
        return Simulated(
            view, mesh, {name: self._length(view, name, values[name]) for name in values}, share
        )

    def _length(self, view: View, name: str, value: float) -> float:
        after = view.moved(self._mover.move(view.shape, {name: value}))
        shift = after[:, :2] - view.mesh[:, :2]
        return float(np.hypot(shift[:, 0], shift[:, 1]).max() * view.scale.mm)


def apply_field(canvas: Canvas, field: WarpField) -> None:
    """Warp and relight ``canvas`` in place, tile by tile, and only where something changes."""
    box = field.box((canvas.width, canvas.height))
    if box is None:
        return
    around = _grown(box, field.longest + _CUBIC, canvas)
    source = canvas.read(around)
    for top in range(box.y, box.y + box.h, _TILE):
        for left in range(box.x, box.x + box.w, _TILE):
            width, height = min(_TILE, box.x + box.w - left), min(_TILE, box.y + box.h - top)
            _apply_tile(canvas, field, Box(left, top, width, height), (source, around))


def _apply_tile(canvas: Canvas, field: WarpField, tile: Box, read: tuple[Image, Box]) -> None:
    """Change the ``tile``. ``read``: the picture as it was, and which part of it that is."""
    shift, light = field.over(tile)
    changed = (shift[..., 0] != 0) | (shift[..., 1] != 0) | (light != 0)
    x, y, w, h = cv2.boundingRect(changed.view(np.uint8))
    if not w:
        return
    tile = Box(tile.x + x, tile.y + y, w, h)
    part = (slice(y, y + h), slice(x, x + w))
    shift, light, changed = shift[part], light[part], changed[part]
    source, whole = read
    around = _grown(tile, field.longest + _CUBIC, canvas)
    left, top = around.x - whole.x, around.y - whole.y
    seen = source[top : top + around.h, left : left + around.w]
    columns = np.arange(tile.w, dtype=np.float32) + np.float32(tile.x - around.x)
    rows = np.arange(tile.h, dtype=np.float32)[:, None] + np.float32(tile.y - around.y)
    origin = np.stack([columns - shift[..., 0], rows - shift[..., 1]], axis=-1)
    warped = images.remapped(seen, origin, cv2.INTER_CUBIC)
    result = relit(warped, light) if light.any() else warped
    canvas.write(tile, images.grey_like(result, seen), changed)


def _grown(box: Box, by: int, canvas: Canvas) -> Box:
    left, top = max(0, box.x - by), max(0, box.y - by)
    right, bottom = min(canvas.width, box.x + box.w + by), min(canvas.height, box.y + box.h + by)
    return Box(left, top, right - left, bottom - top)
