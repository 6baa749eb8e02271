"""The edge of a face in front of a wall: a curve, not the steps of the grid."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.pipeline.appearance.illumination import Light
from appliance.pipeline.face_model.canonical import SKIRT_RING, Canonical
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.shape import PoseEstimator, ShapeTransfer
from appliance.pipeline.face_model.topology import POINTS
from appliance.pipeline.imaging.types import Image
from appliance.pipeline.mesh_engine.feature_colours import FeatureColours
from appliance.pipeline.mesh_engine.fit import SourceFit
from appliance.pipeline.mesh_engine.source import MeshSource
from appliance.pipeline.mesh_engine.swapper import (
    GRID_SIDE,
    STILL,
    VIDEO,
    MeshSwapper,
    QualityPreset,
)

SCALE = 16.0  # pixels a cm
SIZE = 400  # pixels a side of the picture
FACE, WALL = 80, 240
FINE = 4  # times as fine as its pixels the picture is first drawn
CHEEK, LIPS = 5, 17  # points at the heights between which the edge is looked at


def turned(canonical: Canonical, degrees: float) -> Face:
    """The canonical face turned to its right, as a camera sees it."""
    angle = np.radians(degrees)
    x, y, z = canonical.xyz.T
    across = x * np.cos(angle) - z * np.sin(angle)
    away = -x * np.sin(angle) - z * np.cos(angle)
    mesh = np.column_stack([across, -y, away]) * SCALE + [SIZE / 2, SIZE / 2, 0]
    return Face(mesh.astype(np.float32), 1.0)


def before_a_wall(face: Face, canonical: Canonical) -> Image:
    """The face in one tone in front of a bright wall."""
    large = np.full((SIZE * FINE, SIZE * FINE), WALL, np.uint8)
    corners = (face.points + 0.5)[canonical.triangles[canonical.kind != SKIRT_RING]] * FINE - 0.5
    for triangle in np.rint(corners).astype(np.int32):
        cv2.fillConvexPoly(large, triangle, FACE)
    small = cv2.resize(large, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.merge([small] * 3), np.uint8)


def wider(canonical: Canonical) -> MeshSource:
    """A source of the face's tone whose face is broader, most of all at the jaw."""
    shape = canonical.xyz.copy()
    shape[:, 0] *= 1.08 - 0.01 * np.clip(shape[:, 1], -6, 2)
    return MeshSource(
        texture=np.full((256, 256, 3), FACE, np.float32),
        tone=np.log(np.full(3, FACE, np.float32)),
        cover=np.ones(POINTS, np.float32),
        shape=shape,
        features=FeatureColours(np.zeros((3, 3), np.float32), np.zeros(3, np.float32)),
    )


def edges(image: Image, rows: range) -> NDArray[np.float64]:
    """By row where the wall begins, left and right of the face: (rows, 2), in pixels."""
    level = (FACE + WALL) / 2
    found = []
    for row in image[rows.start : rows.stop, :, 1].astype(float):
        dark = np.flatnonzero(row < level)
        left, right = dark[0], dark[-1]
        found.append(
            (
                left - (level - row[left]) / (row[left - 1] - row[left]),
                right + (level - row[right]) / (row[right + 1] - row[right]),
            )
        )
    return np.array(found)


def steps(edge: NDArray[np.float64], cell: float) -> float:
    """How far an edge strays from a smooth curve, in cells: the root mean square over its rows.

    The curve: at each row the parabola that fits the four cells above and below it best.
    """
    reach = round(4 * cell)
    along = np.arange(-reach, reach + 1)
    off = []
    for row in range(reach, len(edge) - reach):
        near = edge[row - reach : row + reach + 1]
        off.append(near[reach] - np.polyval(np.polyfit(along, near, 2), 0))
    return float(np.sqrt(np.mean(np.square(off)))) / cell


@pytest.mark.parametrize("preset", [VIDEO, STILL], ids=["video", "still"])
@pytest.mark.parametrize("degrees", [0.0, 20.0, 35.0])
def test_the_edge_in_front_of_a_bright_wall_has_no_steps(
    preset: QualityPreset, degrees: float, canonical: Canonical
) -> None:
    face = turned(canonical, degrees)
    target = before_a_wall(face, canonical)
    swapper = MeshSwapper(canonical, PoseEstimator(canonical), ShapeTransfer(canonical), preset)
    fit = SourceFit(wider(canonical), np.ones(POINTS, np.float32))
    tone = fit.source.tone
    light = Light(np.tile(tone, (POINTS, 1)), tone)
    shown = np.ones((96, 96), np.float32)
    result = swapper.swap(target, face, light, fit, shown).rgb
    top, bottom = np.rint(face.points[[CHEEK, LIPS], 1]).astype(int).tolist()
    rows = range(top, bottom)
    before, after = edges(target, rows), edges(result, rows)
    # Broader, by a millimetre and more.
    assert (after[:, 1] - after[:, 0] - before[:, 1] + before[:, 0]).mean() > 0.1 * SCALE
    cell = GRID_SIDE * SCALE / preset.grid
    for side in (0, 1):
        assert steps(after[:, side], cell) < steps(before[:, side], cell) + 0.02
