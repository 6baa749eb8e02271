"""A region of a face taken from its other half: a scar, a defect, a swelling.

Three ways, by what is wrong with the region:

- *line*: a narrow scar. The light of its surroundings goes on across it, and the other half gives
  the fine structure alone.
- *region*: an area of skin. The other half gives its texture, under the light that this half has by
  its direction; light that only goes on across it would drag a shadow's edge through the area.
- *shape*: a swelling. The mesh moves as the other half has it, the skin stays its own.

A face is not symmetric: healthy halves differ by 1 to 2 mm. So the result is mirrored, and not as
it was. Where it would look wrong it is refused: near the face's outline, where hair and ears of the
other side would come along; across the middle line, over an eye or the mouth; where the other half
is turned away or hidden; where its light differs by more than a factor of 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.errors import HandleError
from appliance.pipeline.face_model.boxes import face_box
from appliance.pipeline.face_model.canonical import SKIN, SKIRT_RING, Canonical
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.perspective_pose import MM
from appliance.pipeline.face_model.shape import facing
from appliance.pipeline.face_model.topology import OVAL
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.geometry import smoothstep
from appliance.pipeline.imaging.raster import Raster, neighbours
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.media.canvas import Box, Canvas
from appliance.pipeline.simulation.drawn_region import Outline, check_outline
from appliance.pipeline.simulation.field import harmonic
from appliance.pipeline.simulation.shading import GAMMA, LightEstimator
from appliance.pipeline.simulation.surface import Surface
from appliance.pipeline.simulation.view import View

Mode: TypeAlias = Literal["line", "region"]

# Millimetres.
AROUND = 10.0  # of the picture that is read around a region
RIM = 8.0  # from the face's outline, within which hair and ears begin
WIDEST_LINE = 8.0  # of a line: beyond, the light that goes on across it is a guess
COARSE = 4.0  # standard deviation that parts fine structure from light
CALM = 1.0  # the same, of the surroundings whose light goes on
FEATHER = {"line": 0.8, "region": 2.5}  # within the region's edge
SETTLE = 10.0  # around a region, over which its shape goes over into the face's
ACROSS = 1.5  # beyond the middle line
LOST = 6.0  # by which the other half's place may be missed: then something else hides it

STRONGEST = 2.0  # ratio of light
SQUARE = 0.3  # how squarely either half's place faces the camera, 1 frontal, at least
SEEN = 0.95  # share of the region whose other place is in view
STRUCTURE = (-0.6, 0.35)  # bounds of log structure: a highlight of the other half stays there


@dataclass(frozen=True, slots=True)
class _Patch:
    """A part of the picture around a region.

    ``mask``: (h, w). ``other``: (h, w, 2) where its places lie on the other half, pixels of the
    picture. ``covered``: (h, w) where the face is, and so ``other`` is something. ``light``: (h, w)
    log ratio of the light here to that of the other half.
    """

    box: Box
    mask: NDArray[np.bool_]
    other: Float
    covered: NDArray[np.bool_]
    light: Float


class Mirror:
    """Mirrors regions; what depends on the canonical face alone is worked out once."""

    def __init__(self, canonical: Canonical) -> None:
        inside = canonical.kind != SKIRT_RING
        self._triangles, self._kind = canonical.triangles[inside], canonical.kind[inside]
        self._adjacent = neighbours(self._triangles)
        self._mirror = canonical.mirror
        self._surface = Surface(canonical)
        self._rim = self._surface.distance(OVAL)
        self._solid = canonical.xyz * np.float32(MM)
        self._light = LightEstimator(canonical)

    def paint(self, canvas: Canvas, view: View, outline: Outline, mode: Mode) -> None:
        """Mirror a region's skin, in place; every pixel outside of ``outline`` keeps its value.

        Raises ``HandleError`` where it would look wrong.
        """
        patch = self._patch(canvas, view, outline)
        if mode == "line":
            _check_line(patch, view.scale.mm)
        old = canvas.read(patch.box)
        box = _box_of(patch.other[patch.covered], canvas)
        corner = np.array(box[:2], np.float32)
        other = images.remapped(canvas.read(box), np.ascontiguousarray(patch.other - corner))
        # What lies beside the other place, as hair or a shadow, is no part of a line's structure.
        trusted = patch.mask if mode == "line" else patch.covered
        coarse, fine = _parted(_logs(other), trusted, COARSE / view.scale.mm)
        if mode == "line":
            calm, _ = _parted(_logs(old), ~patch.mask, CALM / view.scale.mm)
            base = harmonic(calm, ~patch.mask, np.zeros_like(patch.mask))
        else:
            tint = _unlike(patch, old, other)
            base = coarse + patch.light[..., None] / np.float32(GAMMA) + (tint - tint.mean())
        new = np.exp(base + np.clip(fine, *STRUCTURE)) * 256 - 1
        depth = cv2.distanceTransform(patch.mask.astype(np.uint8), cv2.DIST_L2, 5) * view.scale.mm
        share = smoothstep(np.asarray(depth, np.float32), 0, FEATHER[mode])[..., None]
        mixed = np.clip(np.rint(share * new + (1 - share) * old), 0, 255).astype(np.uint8)
        canvas.write(patch.box, images.grey_like(mixed, old), patch.mask)

    def move(self, canvas: Canvas, view: View, outline: Outline) -> Float:
        """The move of each mesh point that gives a region the other half's shape: (478, 3) mm.

        On the canonical axes. Raises ``HandleError`` where the other half does not tell it.
        """
        self._patch(canvas, view, outline, texture=False)
        polygon = np.array(outline, np.float32)
        inside = [
            number
            for number, (x, y) in enumerate(view.mesh[:, :2].tolist())
            if cv2.pointPolygonTest(polygon, (x, y), measureDist=False) >= 0
        ]
        side = np.sign(self._solid[inside, 0].mean()) if inside else 0
        inside = [number for number in inside if self._solid[number, 0] * side > 0]
        if not inside:
            raise HandleError("The region is too small to have a shape.", "Draw it larger.")
        weight = 1 - smoothstep(self._surface.distance(np.array(inside, np.intp)), 0, SETTLE)
        mirrored = view.shape[self._mirror] * np.array([-1, 1, 1], np.float32)
        mirrored[:, 0] += np.median(view.shape[:, 0] - mirrored[:, 0])
        return np.asarray(weight[:, None] * (mirrored - view.shape), np.float32)

    def _patch(
        self, canvas: Canvas, view: View, outline: Outline, *, texture: bool = True
    ) -> _Patch:
        size, mm, mesh = (canvas.width, canvas.height), view.scale.mm, view.mesh
        check_outline(outline, size)
        polygon = np.array(outline, np.float32)
        box = _grown(polygon, AROUND / mm, size)
        corner = np.array(box[:2], np.float32)
        mask = np.zeros((box.h, box.w), np.uint8)
        cv2.fillPoly(mask, [np.round(polygon - corner).astype(np.int32)], 1)
        inside = mask > 0
        raster = self._raster(mesh, box)
        covered = raster.ids >= 0
        if not covered[inside].all():
            raise HandleError("The region is not all on the face.", "Draw it on skin alone.")
        if (self._kind[raster.ids[inside]] != SKIN).any():
            raise HandleError("The region covers an eye or the mouth.", "Draw it on skin alone.")
        light = np.zeros(len(mesh), np.float32)
        around = face_box(Face(mesh, 1.0), canvas)
        if texture and around is not None:
            shade = self._light.shade(canvas.read(around), np.array(around[:2], np.float32), mesh)
            light = shade - shade[self._mirror]
        square = facing(mesh, self._triangles)
        over = raster.cover().interpolate(
            np.column_stack(
                [
                    mesh[self._mirror, :2],
                    self._solid,
                    self._rim,
                    light,
                    square,
                    square[self._mirror],
                ],
            ).astype(np.float32)
        )
        self._check_half(over[..., 2][inside])
        rim, grazing = over[..., 5][inside].min(), over[..., 7:][inside].min(axis=0)
        if texture and (rim < RIM or grazing[0] < SQUARE):
            raise HandleError(
                "The region lies at the face's outline: hair and ear would come along.",
                "Keep away from it, or use a photo that shows the region from the front.",
            )
        if grazing[1] < SQUARE:
            raise HandleError(
                "The other half is turned away: it has too few pixels to be taken.",
                "Use a photo that shows the healthy half.",
            )
        patch = _Patch(box, inside, np.ascontiguousarray(over[..., :2]), covered, over[..., 6])
        self._check_other(patch, view, over[..., 2:5], size)
        return patch

    def _raster(self, mesh: Float, box: Box) -> Raster:
        places = mesh[:, :2] - np.array(box[:2], np.float32)
        depth = mesh[:, 2][self._triangles].mean(axis=1)
        return Raster.draw(places, depth, self._triangles, (box.w, box.h), self._adjacent)

    @staticmethod
    def _check_half(across: Float) -> None:
        """``across``: (n,) mm to the subject's left that the region's places lie."""
        if across.min() < -ACROSS and across.max() > ACROSS:
            raise HandleError(
                "The region lies across the middle line: neither half is the healthy one.",
                "Draw it on one half.",
            )

    def _check_other(self, patch: _Patch, view: View, solid: Float, size: tuple[int, int]) -> None:
        """``solid``: (h, w, 3) mm on the canonical axes that each place lies."""
        other = patch.other[patch.mask]
        if (other < 0).any() or (other > np.array(size) - 1).any():
            raise HandleError("The other half is outside the picture.", "Use another photo.")
        low, high = np.floor(other.min(axis=0)), np.ceil(other.max(axis=0)) + 1
        box = Box(*low.astype(int).tolist(), *(high - low).astype(int).tolist())
        there = self._raster(view.mesh, box).cover().interpolate(self._solid)
        at = np.ascontiguousarray((patch.other - low).astype(np.float32))
        seen = images.remapped(there, at)[patch.mask]
        off = np.linalg.norm(seen - solid[patch.mask] * np.array([-1, 1, 1]), axis=1)
        if (off < LOST).mean() < SEEN:
            raise HandleError(
                "The other half is hidden there.", "Use a photo that shows the healthy half."
            )


def _check_line(patch: _Patch, mm: float) -> None:
    depth = cv2.distanceTransform(patch.mask.astype(np.uint8), cv2.DIST_L2, 5).max()
    if 2 * depth * mm > WIDEST_LINE:
        raise HandleError(
            f"The region is wider than {WIDEST_LINE:.0f} mm, which is too much for a line.",
            "Mirror it as a region.",
        )


def _unlike(patch: _Patch, here: Image, other: Image) -> Float:
    """What the surroundings' colours differ by, after the light: (3,) log RGB, here over there.

    Raises ``HandleError`` where the light differs too much: as the photo has it around the region,
    or by its direction within.
    """
    around = patch.covered & ~patch.mask
    apart = (_logs(here) - _logs(other))[around]
    ratio = patch.light / np.float32(GAMMA)
    seen, expected = np.median(apart.mean(axis=1)), np.median(ratio[patch.mask])
    if max(abs(seen), abs(expected)) * GAMMA > np.log(STRONGEST):
        raise HandleError(
            f"The other half's light differs by more than a factor of {STRONGEST:.0f}.",
            "Use a photo in softer light.",
        )
    return np.asarray(np.median(apart - ratio[around][:, None], axis=0), np.float32)


def _logs(image: Image) -> Float:
    return np.log((image.astype(np.float32) + 1) / 256)


def _parted(logs: Float, known: NDArray[np.bool_], sigma: float) -> tuple[Float, Float]:
    """(h, w, 3) as what is coarse, taken where ``known``, and what is fine."""
    weight = known.astype(np.float32)[..., None]
    sums = images.blurred(np.asarray(logs * weight, np.float32), sigma)
    coarse = sums / np.maximum(images.blurred(weight, sigma), 1e-3)
    return np.asarray(coarse, np.float32), np.asarray(logs - coarse, np.float32)


def _grown(places: Float, by: float, size: tuple[int, int]) -> Box:
    low = np.maximum(np.floor(places.min(axis=0) - by), 0).astype(int).tolist()
    high = np.minimum(np.ceil(places.max(axis=0) + by) + 1, size).astype(int).tolist()
    return Box(low[0], low[1], high[0] - low[0], high[1] - low[1])


def _box_of(places: Float, canvas: Canvas) -> Box:
    return _grown(
        np.clip(places, 0, [canvas.width - 1, canvas.height - 1]), 1, (canvas.width, canvas.height)
    )
