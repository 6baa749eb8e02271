"""Landmarks without jitter or lag."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.regions import region_weights
from appliance.pipeline.face_model.topology import SKIN_POINTS, eye_distance
from appliance.pipeline.imaging.geometry import transform
from appliance.pipeline.imaging.one_euro import OneEuro
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.video.stabiliser import (
    SLOPE,
    SPEED_CUTOFF,
    CropView,
    LandmarkStabiliser,
)
from tests.pipeline.pictures import pixels_of

STEP = 1 / 25  # seconds
NOISE = 0.004  # of the eye distance: the jitter of the mesh network's points


@given(st.integers(0, 2**32 - 1), st.floats(0.2, 6), st.floats(0.001, 0.2))
def test_the_filter_gives_a_value_between_the_expected_and_the_measured(
    seed: int, cutoff: float, seconds: float
) -> None:
    random = np.random.default_rng(seed)
    expected, measured = random.normal(0, 1, (2, 20, 3)).astype(np.float32)
    cutoffs = np.full(20, cutoff, np.float32)
    result = OneEuro(cutoffs, SLOPE, SPEED_CUTOFF).smooth(expected, measured, seconds)
    share = (result - expected) / (measured - expected)
    assert share.min() > 0
    assert share.max() < 1


def test_the_filter_gives_the_measured_value_if_no_time_has_passed() -> None:
    # Two frames of one time have no speed; dividing by it would not be finite.
    expected, measured = np.zeros((2, 3), np.float32), np.ones((2, 3), np.float32)
    filtered = OneEuro(np.ones(2, np.float32), SLOPE, SPEED_CUTOFF)
    for seconds in (0.0, -1.0):
        assert np.array_equal(filtered.smooth(expected, measured, seconds), measured)


def test_a_higher_cut_off_follows_more_closely() -> None:
    cutoffs = np.array([0.5, 6.0], np.float32)
    result = OneEuro(cutoffs, 0, SPEED_CUTOFF).smooth(
        np.zeros((2, 1), np.float32), np.full((2, 1), 0.01, np.float32), STEP
    )
    assert result[1, 0] > 2 * result[0, 0]


def test_the_filter_follows_more_closely_at_speed() -> None:
    slow, fast = (
        OneEuro(np.ones(1, np.float32), SLOPE, SPEED_CUTOFF).smooth(
            np.zeros((1, 1), np.float32), np.full((1, 1), far, np.float32), STEP
        )[0, 0]
        / far
        for far in (0.001, 1.0)
    )
    assert fast > 1.5 * slow


def frames_of(
    image: Image, face: Face, shifts: Float, seed: int = 0
) -> list[tuple[Face, CropView, Float]]:
    """The picture moved by each of ``shifts``, (n, 2) in pixels.

    For each: the mesh with noise, as a network would give it, the crop, and the true points.
    """
    random = np.random.default_rng(seed)
    unit = eye_distance(face.points)
    result = []
    for x, y in shifts.tolist():
        matrix = np.array([[1, 0, x], [0, 1, y]], np.float32)
        moved = cv2.warpAffine(
            image,
            matrix,
            image.shape[1::-1],
            flags=cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        )
        mesh = face.mesh.copy()
        mesh[:, :2] = transform(mesh[:, :2], matrix)
        noisy = mesh + random.normal(0, NOISE * unit, mesh.shape).astype(np.float32)
        crop = CropView(np.asarray(moved, np.uint8), np.zeros(2, np.float32), 1)
        result.append((Face(noisy, 1.0), crop, mesh[:SKIN_POINTS, :2]))
    return result


@pytest.fixture(scope="module", params=["e_1", "b_1"])
def portrait(
    request: pytest.FixtureRequest, photos: Mapping[str, Photo], faces: Mapping[str, Face]
) -> tuple[Image, Face]:
    return pixels_of(photos[request.param]), faces[request.param]


def test_the_jitter_of_a_face_at_rest_is_removed(
    portrait: tuple[Image, Face], canonical: Canonical
) -> None:
    image, face = portrait
    stabiliser = LandmarkStabiliser(canonical)
    raw, steady = [], []
    for seen, crop, _ in frames_of(image, face, np.zeros((30, 2), np.float32)):
        raw.append(seen.points[:SKIN_POINTS])
        steady.append(stabiliser.stabilise(seen, crop, STEP).points[:SKIN_POINTS])
    before, after = (
        np.linalg.norm(np.diff(np.array(points)[5:], axis=0), axis=2).mean(axis=0)
        for points in (raw, steady)
    )
    parts = region_weights(canonical)
    bone = (parts["nose"] + parts["forehead"])[:SKIN_POINTS] > 0.8
    assert after[bone].mean() < 0.25 * before[bone].mean()
    assert after.mean() < 0.5 * before.mean()  # lips and lids may still move fast


@pytest.mark.parametrize("pace", [0.01, 0.04, 0.08])
def test_landmarks_do_not_lag_behind_a_moving_face(
    pace: float, portrait: tuple[Image, Face], canonical: Canonical
) -> None:
    image, face = portrait
    unit = eye_distance(face.points)
    stabiliser = LandmarkStabiliser(canonical)
    shifts = np.linspace([0, 0], [20 * pace * unit, 8 * pace * unit], 21).astype(np.float32)
    off = [
        stabiliser.stabilise(seen, crop, STEP).points[:SKIN_POINTS] - true
        for seen, crop, true in frames_of(image, face, shifts)
    ]
    # A filter of the positions alone would lie frames behind: several times the pace.
    bias = np.linalg.norm(off[-1].mean(axis=0)) / unit
    assert bias < max(0.15 * pace, 0.004)


def test_the_first_mesh_is_left_unchanged(
    portrait: tuple[Image, Face], canonical: Canonical
) -> None:
    image, face = portrait
    ((seen, crop, _),) = frames_of(image, face, np.zeros((1, 2), np.float32))
    assert np.array_equal(LandmarkStabiliser(canonical).stabilise(seen, crop, STEP).mesh, seen.mesh)


def test_landmarks_stay_with_the_mesh_on_a_surface_without_texture(
    portrait: tuple[Image, Face], canonical: Canonical
) -> None:
    # There is no motion to measure; the points must not drift.
    image, face = portrait
    stabiliser = LandmarkStabiliser(canonical)
    blank = np.full_like(image, 128)
    for seen, crop, true in frames_of(blank, face, np.zeros((10, 2), np.float32)):
        found = stabiliser.stabilise(seen, crop, STEP).points[:SKIN_POINTS]
        assert np.linalg.norm(found - true, axis=1).mean() < 0.02 * eye_distance(face.points)
