"""What a simulation does to rendered heads is what the heads' own shapes say."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.simulation.field import FieldSolver
from appliance.pipeline.simulation.handles import HANDLES
from appliance.pipeline.simulation.mover import HandleMover
from appliance.pipeline.simulation.view import ViewEstimator
from tests.pipeline.heads import SIDE
from tests.pipeline.simulation.truth import Agreement, TrueMoves

ByTrueMesh = Callable[[float, str, float], Agreement | None]
# Degrees of yaw in which a handle moves anything, or is defined.
TRUE = {
    "tip-projection": (10, 60),
    "radix": (10, 60),
    "chin-projection": (10, 60),
    "lid-crease": (0, 50),
    "symmetry": (0, 4),
}
NO_LIGHT = np.zeros(478, np.float32)


@pytest.fixture(scope="module")
def by_true_mesh(canonical: Canonical, truth: TrueMoves) -> ByTrueMesh:
    """Moves a head of which the mesh is known."""
    views, mover, solver = ViewEstimator(canonical), HandleMover(canonical), FieldSolver(canonical)

    def agreement(yaw: float, name: str, value: float) -> Agreement | None:
        rendered = truth.render(yaw)
        view = views.view(rendered.face.mesh, (SIDE, SIDE), truth.scale(rendered))
        after = view.moved(mover.move(view.shape, {name: value}))
        field = solver.solve(view.mesh, after, NO_LIGHT, view.scale.mm)
        return truth.compare(yaw, {name: value}, field)

    return agreement


@pytest.mark.parametrize("yaw", [0, 40])
@pytest.mark.parametrize("name", [*HANDLES])
def test_given_the_points_a_picture_moves_as_the_head_does(
    by_true_mesh: ByTrueMesh, name: str, yaw: int
) -> None:
    handle = HANDLES[name]
    low, high = TRUE.get(name, (0, 60))
    if not low <= yaw <= high:
        yaw = int(low + high) // 2
    found = by_true_mesh(yaw, name, handle.high)
    assert found is not None
    assert 0.88 < found.gain < 1.1
    assert found.mean <= 0.15
    assert found.p95 <= 0.5


@pytest.mark.parametrize("yaw", [0, 20, 40, 60])
def test_the_yaw_is_that_of_the_head(canonical: Canonical, truth: TrueMoves, yaw: int) -> None:
    rendered = truth.render(yaw)
    view = ViewEstimator(canonical).view(rendered.face.mesh, (SIDE, SIDE))
    assert view.yaw == pytest.approx(yaw, abs=2.5)


def test_what_comes_nearer_looks_larger(canonical: Canonical, truth: TrueMoves) -> None:
    """From the front, only perspective shows a chin that comes forward."""
    rendered = truth.render(0)
    view = ViewEstimator(canonical).view(rendered.face.mesh, (SIDE, SIDE))
    move = HandleMover(canonical).move(view.shape, {"chin-projection": 6})
    shift = (view.moved(move) - view.mesh)[152, :2] * view.scale.mm
    assert shift[1] == pytest.approx(0.45, abs=0.25)
