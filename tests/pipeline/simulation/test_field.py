"""The field never folds, and leaves what is far from the face as it is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.simulation.field import LEAST_JACOBIAN, FieldSolver, jacobian
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
