"""What a face keeps when its picture is cut or shrunk."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from appliance.pipeline.face_model.face import Detection, Face
from appliance.pipeline.face_model.topology import POINTS
from appliance.pipeline.imaging.geometry import shrunk_points


def some_face(seed: int) -> Face:
    mesh = np.random.default_rng(seed).uniform(-200, 900, (POINTS, 3)).astype(np.float32)
    return Face(mesh, 0.9)


@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_a_shrunk_face_lies_on_the_shrunk_picture(seed: int, factor: int) -> None:
    face = some_face(seed)
    small = face.shrunk(factor)
    assert np.allclose(small.points, shrunk_points(face.points, factor), atol=1e-3)
    assert np.allclose(small.mesh[:, 2] * factor, face.mesh[:, 2], atol=1e-2)  # depth, alike
    assert small.score == face.score


@given(st.integers(0, 2**32 - 1), st.integers(-500, 500), st.integers(-500, 500))
def test_a_moved_face_moves_in_the_plane_and_leaves_the_old_one(seed: int, x: int, y: int) -> None:
    face = some_face(seed)
    before = face.mesh.copy()
    moved = face.moved(x, y)
    assert np.allclose(moved.mesh - before, [x, y, 0], atol=1e-3)
    assert np.array_equal(face.mesh, before)
    assert np.allclose(moved.moved(-x, -y).mesh, before, atol=1e-3)


def test_the_centre_of_a_detection_is_its_boxs() -> None:
    found = Detection(np.array([10, 20, 30, 50], np.float32), np.zeros((5, 2), np.float32), 0.9)
    assert found.centre.tolist() == [25, 45]
