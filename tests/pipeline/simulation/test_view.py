"""A view of a photo is that of a smaller copy, with fewer pixels."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.simulation.mover import HandleMover
from appliance.pipeline.simulation.view import ViewEstimator
from tests.pipeline.simulation.views import SIZE, view_of


@pytest.mark.parametrize("by", [0.25, 0.5, 2.0])
def test_a_copy_shows_the_same_face(canonical: Canonical, by: float) -> None:
    mesh = view_of(canonical, 20.0)
    view = ViewEstimator(canonical).view(mesh.mesh, SIZE, mesh.scale)
    small = view.scaled(by)
    width, height = (round(side * by) for side in SIZE)
    found = ViewEstimator(canonical).view(small.mesh, (width, height), small.scale)
    np.testing.assert_allclose(small.centre, found.centre, atol=1e-4)
    np.testing.assert_allclose(small.shape, found.shape, atol=0.01)
    assert found.yaw == pytest.approx(view.yaw, abs=0.05)
    move = HandleMover(canonical).move(view.shape, {"chin-projection": 4.0, "cheek": 2.0})
    moved = (view.moved(move) - view.mesh)[:, :2]
    np.testing.assert_allclose((small.moved(move) - small.mesh)[:, :2], by * moved, atol=1e-3)
