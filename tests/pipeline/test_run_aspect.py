"""Photos and videos whose pixels are not square are swapped as people see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.run import SourceIdentity, SwapOptions, swap_photo
from tests.pipeline.pictures import pixels_of
from tests.pipeline.videos import edited, encoded

WHOLE = SwapOptions(likeness=False)


def squeezed(pixels: NDArray[np.uint8], aspect: Fraction) -> NDArray[np.uint8]:
    """The picture in pixels of this aspect, one side shorter than in square ones."""
    height, width = pixels.shape[:2]
    size = (round(width / aspect), height) if aspect > 1 else (width, round(height * aspect))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def stretched(pixels: Any, like: NDArray[np.uint8]) -> NDArray[np.uint8]:
    size = (like.shape[1], like.shape[0])
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_CUBIC), np.uint8)


@pytest.mark.parametrize("aspect", [Fraction(64, 45), Fraction(1, 2)])
def test_a_photo_gets_the_face_that_square_pixels_would_get(
    pipeline: Pipeline,
    photos: Mapping[str, Photo],
    sources: Mapping[str, SourceIdentity],
    aspect: Fraction,
) -> None:
    square = pixels_of(photos["b_1"])
    stored = squeezed(square, aspect)
    target = Photo(stored, pixel_aspect=aspect)
    wanted, _ = swap_photo(pipeline, sources["d_1"], Photo(square), WHOLE)
    result, _ = swap_photo(pipeline, sources["d_1"], target, WHOLE)
    assert result.pixel_aspect == aspect
    face = (wanted.pixels != square).any(axis=2)
    # Fewer pixels cannot hold all of it: what is wanted is what they keep.
    kept = stretched(squeezed(pixels_of(wanted), aspect), square)
    off = np.abs(stretched(result.pixels, square).astype(int) - kept)[face]
    assert off.mean() < 4
    # As stored, the source's shape would be that of a head of other proportions.
    wrong, _ = swap_photo(
        pipeline, sources["d_1"], replace(target, pixel_aspect=Fraction(1)), WHOLE
    )
    other = np.abs(stretched(wrong.pixels, square).astype(int) - kept)[face]
    assert other.mean() > 2 * off.mean()
    far = np.ones(stored.shape[:2], np.bool_)
    rows, columns = np.nonzero(stretched(face.astype(np.uint8), stored))
    far[max(0, rows.min() - 9) : rows.max() + 9, max(0, columns.min() - 9) : columns.max() + 9] = 0
    assert np.array_equal(result.pixels[far], stored[far])


def test_every_frame_of_a_squeezed_video_is_swapped(
    pipeline: Pipeline, photos: Mapping[str, Photo], sources: Mapping[str, SourceIdentity]
) -> None:
    square = np.asarray(cv2.resize(pixels_of(photos["b_1"]), (320, 400)), np.uint8)
    frames = [squeezed(square, Fraction(2))] * 3
    data = encoded(frames, aspect=Fraction(2))
    done = edited(pipeline, sources["d_1"], data)
    plain = edited(pipeline, sources["d_1"], encoded([square] * 3))
    assert done.changed == [True] * 3
    face = (plain.rgb_after[-1] != plain.rgb_before[-1]).any(axis=2)
    off = np.abs(stretched(done.rgb_after[-1], square).astype(int) - plain.rgb_after[-1])[face]
    assert off.mean() < 6
