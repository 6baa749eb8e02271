"""What a simulation does to rendered heads is what the heads' own shapes say."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.simulation.handles import HANDLES
from appliance.pipeline.simulation.mover import HandleMover
from appliance.pipeline.simulation.view import ViewEstimator
from tests.pipeline.heads import Head
from tests.pipeline.simulation.displacement import KNOWN, SIZE, Displacement, DisplacementMeter

ByTrueMesh = Callable[[float, str, float], Displacement]
# Degrees of yaw in which a handle moves anything, or is defined.
TRUE = {
    "tip-projection": (10, 60),
    "radix": (10, 60),
    "chin-projection": (10, 60),
    "lid-crease": (0, 50),
    "symmetry": (0, 4),
}


@pytest.fixture(scope="module")
def by_true_mesh(canonical: Canonical, truth: Head, meter: DisplacementMeter) -> ByTrueMesh:
    """Moves a head of which the mesh is known."""
    views = ViewEstimator(canonical)

    def measure(yaw: float, name: str, value: float) -> Displacement:
        view = views.view(truth.mesh(yaw), SIZE, KNOWN)
        true = meter.true(truth, yaw, {name: value})
        return meter.compare(true, view, {name: value}, asked=True)

    return measure


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
    assert 0.88 < found.gain < 1.1
    assert found.mean <= 0.15
    assert found.p95 <= 0.5


@pytest.mark.parametrize("yaw", [0, 20, 40, 60])
def test_the_yaw_is_that_of_the_head(canonical: Canonical, truth: Head, yaw: int) -> None:
    rendered = truth.render(yaw)
    view = ViewEstimator(canonical).view(rendered.face.mesh, SIZE)
    assert view.yaw == pytest.approx(yaw, abs=2.5)


def test_what_comes_nearer_looks_larger(canonical: Canonical, truth: Head) -> None:
    """From the front, only perspective shows a chin that comes forward."""
    rendered = truth.render(0)
    view = ViewEstimator(canonical).view(rendered.face.mesh, SIZE)
    move = HandleMover(canonical).move(view.shape, {"chin-projection": 6})
    shift = (view.moved(move) - view.mesh)[152, :2] * view.scale.mm
    assert shift[1] == pytest.approx(0.45, abs=0.25)
