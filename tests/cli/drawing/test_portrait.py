from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from appliance.cli.drawing.portrait import PortraitFraming
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.topology import OVAL, POINTS
from appliance.pipeline.media.photo.canvas import PhotoCanvas

SIZE = (224, 280)


def face(x: float, y: float, height: float) -> Face:
    """An ellipse of a face with its middle at ``x``, ``y``."""
    mesh = np.zeros((POINTS, 3), np.float32)
    mesh[:, :2] = x, y
    angles = np.linspace(0, 2 * np.pi, len(OVAL), endpoint=False)
    mesh[OVAL, 0] += (0.4 * height * np.sin(angles)).astype(np.float32)
    mesh[OVAL, 1] -= (0.5 * height * np.cos(angles)).astype(np.float32)
    return Face(mesh, 1.0)


def canvas(width: int, height: int) -> PhotoCanvas:
    return PhotoCanvas(np.zeros((height, width, 3), np.uint8))


@given(
    width=st.integers(2, 2000),
    height=st.integers(2, 2000),
    at=st.tuples(st.floats(-0.5, 1.5), st.floats(-0.5, 1.5)),
    share=st.floats(0.02, 3),
)
@example(width=2, height=2, at=(0.0, 1.0), share=0.125)
def test_a_frame_lies_inside_the_picture_whatever_the_face(
    width: int, height: int, at: tuple[float, float], share: float
) -> None:
    picture = canvas(width, height)
    shown = PortraitFraming.around(
        face(at[0] * width, at[1] * height, share * height), picture, SIZE
    )
    assert shown.show(picture).shape == (SIZE[1], SIZE[0], 3)


def test_a_face_away_from_the_borders_is_centred_and_undistorted() -> None:
    found = face(1000, 800, 200)
    shown = PortraitFraming.around(found, canvas(2000, 1600), SIZE)
    assert shown.box.w / shown.box.h == pytest.approx(SIZE[0] / SIZE[1], abs=0.01)
    x, y = shown.place(found.points[:1])[0]
    assert x == pytest.approx(SIZE[0] / 2, abs=1)
    assert SIZE[1] / 2 < y < 0.6 * SIZE[1]


def test_points_land_where_their_pixels_do() -> None:
    pixels: np.ndarray[Any, np.dtype[np.uint8]] = np.zeros((1600, 2000, 3), np.uint8)
    found = face(1000, 800, 700)
    pixels[790:811, 990:1011] = 255
    picture = PhotoCanvas(pixels)
    shown = PortraitFraming.around(found, picture, SIZE)
    ys, xs = np.nonzero(shown.show(picture)[..., 0] > 127)
    placed = shown.place(np.array([[1000, 800]], np.float32))[0]
    assert (xs.mean(), ys.mean()) == pytest.approx(tuple(placed), abs=0.3)
