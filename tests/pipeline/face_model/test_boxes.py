"""The boxes around faces: inside the picture, whatever the face."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from appliance.pipeline.face_model.boxes import detection_box, face_box
from appliance.pipeline.face_model.canonical import with_skirt
from appliance.pipeline.face_model.face import Detection, Face
from appliance.pipeline.face_model.topology import POINTS
from appliance.pipeline.media.photo.canvas import PhotoCanvas

WIDTH, HEIGHT = 300, 200
CANVAS = PhotoCanvas(np.zeros((HEIGHT, WIDTH, 3), np.uint8))
PLACES = st.floats(-600, 900)


def face_at(x: float, y: float, size: float) -> Face:
    mesh = np.random.default_rng(0).uniform(-0.5, 0.5, (POINTS, 3)) * size
    mesh[:, :2] += x, y
    return Face(mesh.astype(np.float32), 1.0)


@given(PLACES, PLACES, st.floats(1, 900), st.floats(0, 0.5))
def test_a_face_box_lies_in_the_picture_and_holds_what_of_the_face_does(
    x: float, y: float, size: float, margin: float
) -> None:
    face = face_at(x, y, size)
    box = face_box(face, CANVAS, margin)
    points = with_skirt(face.points)
    inside = (points >= 0).all(axis=1) & (points[:, 0] <= WIDTH - 1) & (points[:, 1] <= HEIGHT - 1)
    if box is None:
        shown = np.minimum(points.max(axis=0), (WIDTH, HEIGHT)) - np.maximum(points.min(axis=0), 0)
        assert shown.min() < 9  # too little is left to work on
        return
    assert box.x >= 0
    assert box.y >= 0
    assert box.x + box.w <= WIDTH
    assert box.y + box.h <= HEIGHT
    held = points[inside]
    assert (held >= (box.x, box.y)).all()
    assert (held <= (box.x + box.w - 1, box.y + box.h - 1)).all()


@given(PLACES, PLACES, st.floats(1, 400))
def test_a_detection_box_holds_the_detection(x: float, y: float, size: float) -> None:
    found = Detection(np.array([x, y, size, size], np.float32), np.zeros((5, 2), np.float32), 1)
    box = detection_box(found, CANVAS)
    if box is not None:
        assert 0 <= box.x <= max(0, x)
        assert min(WIDTH, x + size) <= box.x + box.w <= WIDTH
        assert 0 <= box.y <= max(0, y)
        assert min(HEIGHT, y + size) <= box.y + box.h <= HEIGHT


def test_a_face_outside_the_picture_has_no_box() -> None:
    assert face_box(face_at(-500, 100, 50), CANVAS) is None
    assert face_box(face_at(150, 100, 50), CANVAS) is not None
