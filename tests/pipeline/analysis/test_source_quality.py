from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.cli.process.load_engine import load_engine
from appliance.pipeline.analysis.analyser import FaceAnalyser
from appliance.pipeline.analysis.source_quality import (
    Pose,
    assess_faces,
    pose,
    sharpness,
    source_fitness,
)
from appliance.pipeline.media.photo.decode import read_photo

STRAIGHT = np.diag([1.0, -1.0, -1.0])
"""Carries a frontal face into the picture: y and z turn round."""

GOOD: Mapping[str, Any] = {
    "eyes_apart": 150.0,
    "pose": Pose(0, 0, 0),
    "lids": 0.1,
    "mouth": 0.0,
    "sharpness": 15.0,
    "detection": 0.95,
    "cut": False,
}


@pytest.fixture(scope="module")
def analyser() -> FaceAnalyser:
    return load_engine().analyser


def turn(axis: int, degrees: float) -> np.ndarray[Any, np.dtype[np.float64]]:
    """A rotation of the picture's space about its ``axis``, by the right-hand rule."""
    vector = np.zeros(3)
    vector[axis] = np.radians(degrees)
    return np.asarray(cv2.Rodrigues(vector)[0], np.float64)


@given(angle=st.floats(-80, 80))
def test_a_turn_about_one_axis_is_that_angle(angle: float) -> None:
    def found(axis: int) -> tuple[float, float, float]:
        turned = pose((turn(axis, angle) @ STRAIGHT).astype(np.float32))
        return turned.yaw, turned.pitch, turned.roll

    # The picture has x to the right, y down and z away from the camera.
    assert found(0) == pytest.approx((0, -angle, 0), abs=0.1)
    assert found(1) == pytest.approx((-angle, 0, 0), abs=0.1)
    assert found(2) == pytest.approx((0, 0, angle), abs=0.1)


def test_directions_by_name() -> None:
    def looking(x: float, y: float, z: float) -> Pose:
        """A face whose nose points along (x, y, z) of the picture, upright."""
        out = np.array([x, y, z]) / np.linalg.norm([x, y, z])
        left = np.cross([0, -1, 0], out)
        left /= np.linalg.norm(left)
        return pose(np.stack([left, np.cross(out, left), out], axis=1).astype(np.float32))

    assert looking(0, 0, -1) == Pose(0, 0, 0)
    assert looking(1, 0, -1).yaw == pytest.approx(45)
    assert looking(-1, 0, -1).yaw == pytest.approx(-45)
    assert looking(0, -1, -1).pitch == pytest.approx(45)
    assert looking(0, 1, -1).pitch == pytest.approx(-45)


def test_a_mirrored_photo_turns_the_other_way(
    analyser: FaceAnalyser, portraits: Mapping[str, Path]
) -> None:
    photo = read_photo(portraits["person_a_2"].read_bytes())
    mirrored = replace(photo, pixels=np.array(photo.pixels[:, ::-1], np.uint8))
    (one,), (other,) = assess_faces(analyser, photo.canvas), assess_faces(analyser, mirrored.canvas)
    assert one.pose.yaw < -5
    assert other.pose.yaw == pytest.approx(-one.pose.yaw, abs=4)
    assert other.pose.roll == pytest.approx(-one.pose.roll, abs=2)
    assert other.pose.pitch == pytest.approx(one.pose.pitch, abs=4)


def test_a_tilted_photo_rolls_by_as_much(
    analyser: FaceAnalyser, portraits: Mapping[str, Path]
) -> None:
    photo = read_photo(portraits["person_d_1"].read_bytes())
    height, width = photo.pixels.shape[:2]
    # cv2 turns against the clock.
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -20, 1)
    pixels = np.asarray(cv2.warpAffine(photo.pixels, matrix, (width, height)), np.uint8)
    (one,) = assess_faces(analyser, photo.canvas)
    (other,) = assess_faces(analyser, replace(photo, pixels=pixels).canvas)
    assert other.pose.roll - one.pose.roll == pytest.approx(20, abs=3)


def test_blur_lowers_sharpness_until_it_is_advised_against(
    analyser: FaceAnalyser, portraits: Mapping[str, Path]
) -> None:
    photo = read_photo(portraits["person_d_1"].read_bytes())
    found = []
    for radius in (0.5, 2, 4, 8):
        pixels = np.asarray(cv2.GaussianBlur(photo.pixels, (0, 0), radius), np.uint8)
        (face,) = assess_faces(analyser, replace(photo, pixels=pixels).canvas)
        found.append(face)
    values = [face.sharpness for face in found]
    assert values == sorted(values, reverse=True)
    assert found[0].as_source.advice != found[-1].as_source.advice
    assert any("blurred" in line for line in found[-1].as_source.advice)


def test_sharpness_of_a_face_outside_the_picture_is_none(
    analyser: FaceAnalyser, portraits: Mapping[str, Path]
) -> None:
    photo = read_photo(portraits["person_d_1"].read_bytes())
    (face,) = analyser.faces(photo.canvas)
    picture = np.zeros((10, 10, 3), np.uint8)
    assert sharpness(picture, face.moved(1000, 1000)) == 0.0


def test_a_good_face_needs_no_advice() -> None:
    found = source_fitness(**GOOD)
    assert (found.verdict, found.advice) == ("good", ())


@pytest.mark.parametrize(
    ("flaw", "verdict", "word"),
    [
        ({"eyes_apart": 50.0}, "usable", "small"),
        ({"eyes_apart": 20.0}, "poor", "small"),
        ({"pose": Pose(-30, 0, 0)}, "usable", "side"),
        ({"pose": Pose(60, 0, 0)}, "poor", "side"),
        ({"pose": Pose(0, 25, 0)}, "usable", "eye level"),
        ({"pose": Pose(0, -40, 0)}, "poor", "eye level"),
        ({"sharpness": 5.0}, "usable", "blurred"),
        ({"sharpness": 2.0}, "poor", "blurred"),
        ({"lids": 0.02}, "usable", "eye is closed"),
        ({"mouth": 0.2}, "usable", "mouth is open"),
        ({"detection": 0.65}, "usable", "make out"),
        ({"cut": True}, "poor", "border"),
    ],
)
def test_every_flaw_is_graded_and_named(flaw: Mapping[str, Any], verdict: str, word: str) -> None:
    found = source_fitness(**{**GOOD, **flaw})
    assert found.verdict == verdict
    assert len(found.advice) == 1
    assert word in found.advice[0]


def test_the_worst_flaw_decides() -> None:
    found = source_fitness(**{**GOOD, "mouth": 0.2, "cut": True, "lids": 0.01})
    assert found.verdict == "poor"
    assert len(found.advice) == 3
