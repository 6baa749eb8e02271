"""The field never folds, and leaves what is far from the face as it is."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.pipeline.face_model.canonical import SKIRT_RING, Canonical
from appliance.pipeline.face_model.grid import Grid, rasterise_mesh
from appliance.pipeline.face_model.topology import OVAL
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.raster import neighbours
from appliance.pipeline.imaging.types import Float
from appliance.pipeline.media.canvas import Box
from appliance.pipeline.simulation.field import LEAST_JACOBIAN, FieldSolver, harmonic, jacobian
from appliance.pipeline.simulation.handles import HANDLES
from appliance.pipeline.simulation.mover import HandleMover
from appliance.pipeline.simulation.view import View, ViewEstimator
from tests.pipeline.heads import SIDE, Head

NO_LIGHT = np.zeros(478, np.float32)
VALUES = st.fixed_dictionaries(
    {},
    optional={name: st.floats(handle.low, handle.high) for name, handle in HANDLES.items()},
)


@pytest.fixture(scope="module")
def solver(canonical: Canonical) -> FieldSolver:
    return FieldSolver(canonical)


@pytest.fixture(scope="module")
def mover(canonical: Canonical) -> HandleMover:
    return HandleMover(canonical)


@pytest.fixture(scope="module")
def views(canonical: Canonical, truth: Head) -> dict[int, View]:
    estimator = ViewEstimator(canonical)
    meshes = {yaw: truth.render(yaw).face.mesh for yaw in (0, 40, 88)}
    return {yaw: estimator.view(mesh, (SIDE, SIDE)) for yaw, mesh in meshes.items()}


@settings(max_examples=25, deadline=None)
@given(values=VALUES, yaw=st.sampled_from([0, 40, 88]))
def test_nothing_folds(
    solver: FieldSolver,
    mover: HandleMover,
    views: dict[int, View],
    values: dict[str, float],
    yaw: int,
) -> None:
    view = views[yaw]
    field = solver.solve(
        view.mesh, view.moved(mover.move(view.shape, values)), NO_LIGHT, view.scale.mm
    )
    smallest = jacobian(field.shift, float(field.grid.matrix[0, 0])).min()
    assert smallest >= LEAST_JACOBIAN
    assert 0 < field.share <= 1


def test_what_would_fold_is_smoothed_or_reduced(
    solver: FieldSolver, views: dict[int, View]
) -> None:
    view = views[0]
    after = view.mesh.copy()
    after[:234, :2] += 40  # half of the points by 3 cm: the face is torn
    field = solver.solve(view.mesh, after, NO_LIGHT, view.scale.mm)
    assert jacobian(field.shift, float(field.grid.matrix[0, 0])).min() >= LEAST_JACOBIAN
    assert field.share < 1


def test_a_face_that_does_not_move_leaves_no_field(
    solver: FieldSolver, views: dict[int, View]
) -> None:
    view = views[0]
    field = solver.solve(view.mesh, view.mesh, NO_LIGHT, view.scale.mm)
    assert field.box((SIDE, SIDE)) is None


def test_around_an_outline_that_stays_nothing_moves(
    solver: FieldSolver, mover: HandleMover, views: dict[int, View]
) -> None:
    view = views[0]
    outside = []
    for name in ("alar-width", "chin-height"):
        after = view.moved(mover.move(view.shape, {name: HANDLES[name].high}))
        shift = solver.solve(view.mesh, after, NO_LIGHT, view.scale.mm).over(Box(0, 0, SIDE, SIDE))
        face = np.zeros((SIDE, SIDE), np.uint8)
        cv2.fillConvexPoly(face, cv2.convexHull(np.rint(view.mesh[OVAL, :2]).astype(np.int32)), 1)
        beyond = images.dilated(face, 2 * round(6 / view.scale.mm) + 1) == 0
        outside.append(np.abs(shift[0][beyond]).max())
    assert outside[0] == 0
    assert outside[1] > 0  # it does follow an outline that moves


def test_beside_a_shorter_nose_the_cheek_is_stretched_over_where_it_was(
    canonical: Canonical, solver: FieldSolver, mover: HandleMover, views: dict[int, View]
) -> None:
    view = views[40]
    after = view.moved(mover.move(view.shape, {"tip-projection": -4}))
    shift = solver.solve(view.mesh, after, NO_LIGHT, view.scale.mm).over(Box(0, 0, SIDE, SIDE))[0]
    before, now = (_depth(canonical, mesh) for mesh in (view.mesh, after))
    freed = now - before > 6 / view.scale.mm
    assert freed.sum() > 50
    rows, columns = np.nonzero(freed)
    origin = np.column_stack([columns, rows]) - shift[freed]
    nose = images.remapped(before, origin[None].astype(np.float32), cv2.INTER_NEAREST)[0]
    assert (now[freed] - nose > 6 / view.scale.mm).mean() < 0.2  # of its pixels show nose still


def test_in_between_each_cell_is_the_mean_of_its_neighbours() -> None:
    known, nothing = np.zeros((2, 96, 96), np.bool_)
    known[40:56, 40:56] = True
    nothing[:8] = nothing[-8:] = nothing[:, :8] = nothing[:, -8:] = True
    solved = harmonic(np.ones((96, 96, 2), np.float32), known, nothing)[..., 0]
    assert (solved[known] == 1).all()
    assert (solved[nothing] == 0).all()
    mean = (solved[:-2, 1:-1] + solved[2:, 1:-1] + solved[1:-1, :-2] + solved[1:-1, 2:]) / 4
    free = ~(known | nothing)[1:-1, 1:-1]
    assert np.abs(solved[1:-1, 1:-1] - mean)[free].max() < 0.01


def _depth(canonical: Canonical, mesh: Float) -> Float:
    """Of what each pixel shows of a face, pixels away from the camera: (SIDE, SIDE)."""
    grid = Grid(np.eye(2, 3, dtype=np.float32), SIDE)
    triangles = canonical.triangles[canonical.kind != SKIRT_RING]
    raster = rasterise_mesh(grid, mesh, triangles, neighbours(triangles))
    return raster.cover().interpolate(np.ascontiguousarray(mesh[:, 2:]))[..., 0]
