"""Landmarks of an operator's pack, and the five points made of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from appliance.inference.batch_scheduler import InferenceTask, run_one
from appliance.inference.batcher import Batcher
from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from appliance.inference.trust import INSPECTION
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.topology import eye_distance, five_points
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.networks.five_points import FivePoints
from appliance.pipeline.networks.landmarks_68 import Landmarker68, five_of_68
from appliance.pipeline.networks.landmarks_68_from_5 import Landmarks68From5
from appliance.pipeline.networks.landmarks_203 import Landmarker203, five_of_203
from tests.inference.packs import write_standins
from tests.inference.standins.landmarks import drawn_68, grid_68
from tests.pipeline.pictures import pixels_of


def load(folder: Path, runtime: Runtime, family: str) -> Batcher:
    pack = ModelPack.open(write_standins(folder, family), INSPECTION)
    return Batcher.load_any(runtime, pack, pack.entries[0].role)


@pytest.fixture
def seen(photos: Mapping[str, Photo], faces: Mapping[str, Face]) -> tuple[Image, Face]:
    return pixels_of(photos["b_1"]), faces["b_1"]


@pytest.mark.parametrize("family", ["2dfan4", "peppa-wutz"])
def test_the_grid_of_64_is_laid_over_the_upright_face(
    family: str, tmp_path: Path, runtime: Runtime, seen: tuple[Image, Face]
) -> None:
    """The stand-in draws on a crop whose face takes 195 of 256 pixels."""
    image, face = seen
    landmarker = Landmarker68(load(tmp_path, runtime, family))
    points, score = run_one(landmarker.find(image, face))
    assert score == pytest.approx(0.9, abs=1e-5)
    low, high = face.points.min(axis=0), face.points.max(axis=0)
    pixel = (high - low).max() / 195  # of the crop, in pixels of the picture
    right, left = face.points[[33, 263]]
    angle = np.arctan2(*(left - right)[::-1])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    crop = grid_68()[0, :, :2] * 4 - 128
    wanted = (low + high) / 2 + pixel * crop @ turn.T
    np.testing.assert_allclose(points, wanted, atol=0.05)


def test_five_of_68_are_eyes_nose_and_mouth() -> None:
    points = np.arange(136, dtype=np.float32).reshape(68, 2)
    five = five_of_68(points)
    np.testing.assert_allclose(five[0], [(36 + 41) / 2 * 2, (36 + 41) / 2 * 2 + 1])
    np.testing.assert_allclose(five[1], [(42 + 47) / 2 * 2, (42 + 47) / 2 * 2 + 1])
    np.testing.assert_array_equal(five[2:], points[[30, 48, 54]])


def test_five_points_are_completed_in_the_ffhq_square(
    tmp_path: Path, runtime: Runtime, seen: tuple[Image, Face]
) -> None:
    _, face = seen
    five = five_points(face.points)
    points = run_one(Landmarks68From5(load(tmp_path, runtime, "fan-68-5")).complete(five))
    # The stand-in puts the middle of the eyes to (.5, .469), that of the mouth to (.5, .725).
    made = five_of_68(points)
    for part in (slice(0, 2), slice(3, 5)):  # eyes, mouth
        off = np.linalg.norm(made[part].mean(axis=0) - five[part].mean(axis=0))
        assert off < 0.08 * eye_distance(face.points)
    spread = np.ptp(points, axis=0) / np.ptp(drawn_68(), axis=0)
    assert spread[0] == pytest.approx(spread[1], rel=0.05)  # a similarity


def test_203_points_are_in_the_unit_square_of_a_crop_that_shows_the_whole_face(
    tmp_path: Path, runtime: Runtime, seen: tuple[Image, Face]
) -> None:
    image, face = seen
    landmarker = Landmarker203(load(tmp_path, runtime, "liveportrait-203"))
    points = run_one(landmarker.find(image, face))
    assert points.shape == (203, 2)
    centre = points.mean(axis=0)
    radius = np.linalg.norm(points - centre, axis=1)
    np.testing.assert_allclose(radius, radius.mean(), rtol=1e-3)  # the stand-in's circle
    side = radius.mean() / 0.3
    low, high = face.points.min(axis=0), face.points.max(axis=0)
    assert 1.2 < side / (high - low).max() < 1.7
    assert ((centre - side / 2 < low) & (centre + side / 2 > high)).all()


def test_five_of_203_are_eyes_nose_and_mouth() -> None:
    points = np.arange(406, dtype=np.float32).reshape(203, 2)
    five = five_of_203(points)
    np.testing.assert_allclose(five[0], points[[0, 6, 12, 18]].mean(axis=0))
    np.testing.assert_allclose(five[1], points[[24, 30, 36, 42]].mean(axis=0))
    np.testing.assert_array_equal(five[2:], points[[201, 48, 66]])


def test_the_best_landmarks_there_are_are_used(
    tmp_path: Path, runtime: Runtime, seen: tuple[Image, Face], monkeypatch: pytest.MonkeyPatch
) -> None:
    image, face = seen
    many = Landmarker68(load(tmp_path / "a", runtime, "2dfan4"))
    few = Landmarks68From5(load(tmp_path / "b", runtime, "fan-68-5"))
    portrait = Landmarker203(load(tmp_path / "c", runtime, "liveportrait-203"))
    mesh = five_points(face.points)
    found = run_one(many.find(image, face))[0]

    def check(five: FivePoints, wanted: Float) -> None:
        np.testing.assert_array_equal(run_one(five.find(image, face)), wanted)

    check(FivePoints(), mesh)
    check(FivePoints(many, few, portrait), five_of_68(found))
    check(FivePoints(portrait=portrait), five_of_203(run_one(portrait.find(image, face))))

    def unsure(*_: object) -> InferenceTask[tuple[Float, float]]:
        yield from ()
        return found, 0.49

    monkeypatch.setattr(Landmarker68, "find", unsure)
    check(FivePoints(many, few), five_of_68(run_one(few.complete(mesh))))
    check(FivePoints(many), mesh)
