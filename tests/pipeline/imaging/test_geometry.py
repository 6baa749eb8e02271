"""Similarities, crops and warps, against what they promise of any numbers."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from appliance.pipeline.imaging.geometry import (
    invert,
    ramp,
    shrunk,
    shrunk_points,
    similarity_matrix,
    smoothstep,
    square_crop,
    transform,
    umeyama,
    warp,
)
from appliance.pipeline.imaging.types import Float, Image

SEEDS = st.integers(0, 2**32 - 1)
SCALES = st.floats(0.05, 20)
ANGLES = st.floats(-np.pi, np.pi)
SHIFTS = st.floats(-500, 500)


def rotation(dimensions: int, seed: int) -> Float:
    """Any rotation, drawn evenly: the orthogonal part of a random matrix, made proper."""
    q, r = np.linalg.qr(np.random.default_rng(seed).normal(size=(dimensions, dimensions)))
    q *= np.sign(np.diag(r))
    if np.linalg.det(q) < 0:
        q[:, 0] *= -1
    return np.asarray(q, np.float32)


def cloud(dimensions: int, seed: int, count: int = 12) -> Float:
    """Points in general position, about a unit apart."""
    return np.random.default_rng(seed).normal(size=(count, dimensions)).astype(np.float32)


def matrix_of(scale: float, angle: float, x: float, y: float) -> Float:
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    return np.array([[cos, -sin, x], [sin, cos, y]], np.float32)


@pytest.mark.parametrize("dimensions", [2, 3])
@given(seed=SEEDS, scale=SCALES, shift=SHIFTS, weighted=st.booleans())
def test_umeyama_recovers_any_similarity(
    dimensions: int, seed: int, scale: float, shift: float, weighted: bool
) -> None:
    source, turn = cloud(dimensions, seed), rotation(dimensions, seed)
    offset = np.linspace(-shift, shift, dimensions, dtype=np.float32)
    target = (scale * source @ turn.T + offset).astype(np.float32)
    weights = np.random.default_rng(seed).uniform(0.1, 9, len(source)) if weighted else None
    found_scale, found_turn, found_offset = umeyama(
        source, target, None if weights is None else weights.astype(np.float32)
    )
    # float32 leaves about 1e-7 of the largest number, which the shift may be.
    slack = 1e-4 + 1e-5 * abs(shift) / scale
    assert found_scale == pytest.approx(scale, rel=slack)
    assert np.allclose(found_turn, turn, atol=slack)
    assert np.allclose(found_offset, offset, atol=slack * max(1.0, scale))


@pytest.mark.parametrize("dimensions", [2, 3])
@given(seed=SEEDS)
def test_umeyama_never_answers_with_a_reflection(dimensions: int, seed: int) -> None:
    source = cloud(dimensions, seed)
    mirrored = source * np.array([-1, 1, 1][:dimensions], np.float32)
    # The mirror image would fit without error, but a face is never turned inside out.
    scale, turn, _ = umeyama(source, mirrored)
    assert np.linalg.det(turn) == pytest.approx(1, abs=1e-4)
    assert 0 <= scale < 1


@given(seed=SEEDS)
def test_umeyama_does_not_hear_points_without_weight(seed: int) -> None:
    source, turn = cloud(3, seed), rotation(3, seed)
    target = np.asarray(2 * source @ turn.T + 5, np.float32)
    weights = np.ones(len(source), np.float32)
    target[:4] += 100
    weights[:4] = 0
    scale, found, _ = umeyama(source, target, weights)
    assert scale == pytest.approx(2, rel=1e-3)
    assert np.allclose(found, turn, atol=1e-3)
    heard, _, _ = umeyama(source, target)
    assert heard != pytest.approx(2, rel=1e-3)  # with their weight the same points do matter


@given(seed=SEEDS, scale=SCALES, angle=ANGLES, x=SHIFTS, y=SHIFTS)
def test_a_similarity_matrix_carries_the_points(
    seed: int, scale: float, angle: float, x: float, y: float
) -> None:
    points, matrix = cloud(2, seed) * np.float32(50), matrix_of(scale, angle, x, y)
    found = similarity_matrix(points, transform(points, matrix))
    assert np.allclose(
        transform(points, found), transform(points, matrix), atol=1e-2 * max(1, scale)
    )


@given(seed=SEEDS, scale=SCALES, angle=ANGLES, x=SHIFTS, y=SHIFTS)
def test_a_matrix_and_its_inverse_undo_each_other(
    seed: int, scale: float, angle: float, x: float, y: float
) -> None:
    points, matrix = cloud(2, seed) * np.float32(50), matrix_of(scale, angle, x, y)
    there_and_back = transform(transform(points, matrix), invert(matrix))
    assert np.allclose(there_and_back, points, atol=1e-3 + 1e-3 / scale)


@given(
    x=SHIFTS, y=SHIFTS, side=st.floats(5, 900), angle=ANGLES, size=st.sampled_from([32, 112, 192])
)
def test_a_square_crop_carries_the_square_to_the_crop(
    x: float, y: float, side: float, angle: float, size: int
) -> None:
    centre = np.array([x, y], np.float32)
    along = np.array([np.cos(angle), np.sin(angle)]) * side / 2
    down = np.array([-np.sin(angle), np.cos(angle)]) * side / 2
    corners = np.array(
        [centre, centre - along - down, centre + along + down, centre + along - down]
    )
    crop = transform(corners.astype(np.float32), square_crop(centre, side, angle, size))
    wanted = np.array([[size / 2, size / 2], [0, 0], [size, size], [size, 0]])
    assert np.allclose(crop, wanted, atol=0.02 + 2e-3 * size / side)


def blob(size: int, at: Float, sigma: float) -> Image:
    """A soft white spot on black, its middle at ``at`` between the pixels."""
    y, x = np.mgrid[0:size, 0:size]
    spot = np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / (2 * sigma**2))
    return np.repeat(np.rint(255 * spot).astype(np.uint8)[..., None], 3, axis=2)


def centroid(image: Image) -> NDArray[np.float64]:
    mass = image[..., 0].astype(np.float64)
    y, x = np.indices(mass.shape)
    return np.asarray([(x * mass).sum(), (y * mass).sum()]) / float(mass.sum())


@given(
    shrink=st.floats(0.8, 14),
    angle=ANGLES,
    x=st.floats(-0.5, 0.5),
    y=st.floats(-0.5, 0.5),
    size=st.sampled_from([64, 96]),
)
def test_a_warped_spot_lies_where_the_matrix_says(
    shrink: float, angle: float, x: float, y: float, size: int
) -> None:
    # A large picture is shrunk first; half a pixel lost there would shift every landmark.
    # Two pixels more than the crop, so that the far rows that shrinking drops hold nothing.
    picture = round(size * shrink) + 2
    at = np.array([picture / 2 + x * size * shrink / 8, picture / 2 + y * size * shrink / 8])
    matrix = square_crop(np.full(2, picture / 2, np.float32), size * shrink, angle, size)
    image = blob(picture, at.astype(np.float32), 5 * shrink)
    expected = transform(at[None].astype(np.float32), matrix)[0]
    assert np.abs(centroid(warp(image, matrix, size)) - expected).max() < 0.1


@given(shrink=st.floats(1, 1.99), angle=ANGLES, seed=SEEDS)
def test_a_warp_that_hardly_shrinks_is_the_plain_warp(
    shrink: float, angle: float, seed: int
) -> None:
    random = np.random.default_rng(seed)
    image = random.integers(0, 256, (70, 90, 3)).astype(np.uint8)
    matrix = square_crop(np.array([44, 33], np.float32), 48 * shrink, angle, 48)
    plain = cv2.warpAffine(
        image, matrix, (48, 48), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    assert np.array_equal(warp(image, matrix, 48), plain)


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (3, 7)])
def test_a_warp_of_a_picture_of_hardly_any_pixels_is_that_colour(shape: tuple[int, int]) -> None:
    image = np.full((*shape, 3), 77, np.uint8)
    for shrink in (0.1, 3.0, 50.0):
        matrix = square_crop(np.zeros(2, np.float32), 16 * shrink, 0.3, 16)
        assert (warp(image, matrix, 16) == 77).all()


@given(factor=st.integers(2, 9), rows=st.integers(1, 60), columns=st.integers(1, 60), seed=SEEDS)
def test_shrinking_takes_the_mean_of_squares(
    factor: int, rows: int, columns: int, seed: int
) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (rows, columns, 3)).astype(np.uint8)
    small = shrunk(image, factor)
    if min(rows, columns) < factor:
        assert small is image  # nothing would be left of it
        return
    height, width = rows // factor, columns // factor
    squares = image[: height * factor, : width * factor]
    means = squares.reshape(height, factor, width, factor, 3).mean(axis=(1, 3))
    assert small.shape == means.shape
    assert np.abs(small - means).max() <= 0.51


@given(factor=st.integers(1, 9), x=st.floats(0.3, 0.7), y=st.floats(0.3, 0.7))
def test_points_shrink_with_their_picture(factor: int, x: float, y: float) -> None:
    size = 40 * factor
    at = np.array([x * size, y * size], np.float32)
    small = shrunk(blob(size, at, 3.0 * factor), factor)
    assert np.abs(centroid(small) - shrunk_points(at, factor)).max() < 0.05


@given(st.floats(-3, 3), st.floats(0.1, 5), st.floats(-10, 10))
def test_a_smoothstep_rises_from_0_to_1_between_its_ends(
    low: float, width: float, value: float
) -> None:
    high = low + width
    steps = smoothstep(np.linspace(low - 1, high + 1, 200, dtype=np.float32), low, high)
    assert (np.diff(steps) >= 0).all()
    ends = smoothstep(np.array([low, high, (low + high) / 2], np.float32), low, high)
    assert np.allclose(ends, [0, 1, 0.5], atol=1e-4)
    assert 0 <= ramp(value, low, high) <= 1
    # The same distance from either end, the same height from either end.
    assert ramp(value, low, high) == pytest.approx(
        1 - ramp(low + high - value, low, high), abs=1e-3
    )
