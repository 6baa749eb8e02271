"""Kinds of photos: held anyhow, deep, see-through, grey, cut, tiny and huge."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from appliance.errors import NoFaceError
from appliance.pipeline.face_model.boxes import face_box
from appliance.pipeline.face_model.topology import OVAL
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.decode import Photo, read_photo
from appliance.pipeline.run import SourceIdentity, SwapOptions, swap_photo
from tests.pipeline.pictures import (
    changed,
    error,
    pixels_of,
    turned,
)

WHOLE = SwapOptions()


def test_a_face_on_its_head_is_swapped_as_well_as_an_upright_one(
    pipeline: Pipeline, photos: Mapping[str, Photo], sources: Mapping[str, SourceIdentity]
) -> None:
    upside_down, matrix = turned(photos["b_1"], 180)
    result, report = swap_photo(pipeline, sources["a_2"], upside_down, WHOLE)
    _, upright = swap_photo(pipeline, sources["a_2"], photos["b_1"], WHOLE)
    assert report.similarity_after is not None
    assert upright.similarity_after is not None
    assert report.similarity_after > upright.similarity_after - 0.06
    (face,) = pipeline.analyser.faces(result.canvas)
    assert error(face, pipeline.analyser.faces(photos["b_1"].canvas)[0], matrix) < 0.12


def as_png_16(photo: Photo) -> bytes:
    """The photo as a PNG of 16 bits a channel whose low bytes are noise."""
    deep = photo.pixels.astype(np.uint16) * 256
    deep += np.random.default_rng(0).integers(0, 256, deep.shape).astype(np.uint16)
    done, data = cv2.imencode(".png", deep[..., ::-1])
    assert done
    return data.tobytes()


def test_a_16_bit_photo_keeps_its_depth_outside_the_face(
    pipeline: Pipeline, photos: Mapping[str, Photo], sources: Mapping[str, SourceIdentity]
) -> None:
    target = read_photo(as_png_16(photos["b_1"]))
    assert target.pixels.dtype == np.uint16
    result, _ = swap_photo(pipeline, sources["a_2"], target, WHOLE)
    assert result.pixels.dtype == np.uint16
    off = changed(target, result)
    (face,) = pipeline.analyser.faces(target.canvas)
    box = face_box(face, target.canvas)
    assert box is not None
    outside = np.ones(off.shape, np.bool_)
    outside[box.y : box.y + box.h, box.x : box.x + box.w] = False
    assert not off[outside].any()
    plain, _ = swap_photo(pipeline, sources["a_2"], photos["b_1"], WHOLE)
    close = np.abs(result.canvas.thumbnail(10_000).astype(int) - plain.pixels)
    assert np.percentile(close, 99) <= 6  # the same swap at a finer grain


def test_alpha_and_profile_are_kept(
    pipeline: Pipeline, photos: Mapping[str, Photo], sources: Mapping[str, SourceIdentity]
) -> None:
    pixels = pixels_of(photos["b_1"])
    alpha = np.full(pixels.shape[:2], 255, np.uint8)
    alpha[:100] = 7
    target = Photo(pixels, alpha, icc=b"a profile", kind="png")
    result, _ = swap_photo(pipeline, sources["a_2"], target, WHOLE)
    assert result.alpha is not None
    assert np.array_equal(result.alpha, alpha)
    assert result.icc == b"a profile"
    assert result.kind == "png"


def test_a_grey_target_stays_grey(
    pipeline: Pipeline, photos: Mapping[str, Photo], sources: Mapping[str, SourceIdentity]
) -> None:
    buffer = io.BytesIO()
    Pillow.fromarray(pixels_of(photos["b_1"])).convert("L").save(buffer, "PNG")
    target = read_photo(buffer.getvalue())
    result, report = swap_photo(pipeline, sources["a_2"], target, WHOLE)
    assert report.similarity_after is not None
    assert report.similarity_before is not None
    assert report.similarity_after > report.similarity_before + 0.2
    # A gain by channel would take the mean colour away and leave what differs from it: a face
    # with cyan cheeks and warm shadows in a black and white photo.
    assert (result.pixels == result.pixels[..., :1]).all()


@pytest.mark.parametrize("edge", ["left", "top", "bottom", "right"])
def test_a_face_cut_by_the_border_is_swapped_as_far_as_it_goes(
    edge: str,
    pipeline: Pipeline,
    photos: Mapping[str, Photo],
    sources: Mapping[str, SourceIdentity],
) -> None:
    pixels = pixels_of(photos["b_1"])
    oval = pipeline.analyser.faces(photos["b_1"].canvas)[0].points[OVAL]
    (left, top), (right, bottom) = oval.min(axis=0), oval.max(axis=0)
    share = 0.15
    cuts: dict[str, Any] = {
        "left": np.s_[:, int(left + share * (right - left)) :],
        "right": np.s_[:, : int(right - share * (right - left))],
        "top": np.s_[int(top + share * (bottom - top)) :],
        "bottom": np.s_[: int(bottom - share * (bottom - top))],
    }
    target = Photo(np.ascontiguousarray(pixels[cuts[edge]]))
    result, report = swap_photo(pipeline, sources["a_2"], target, WHOLE)
    assert report.similarity_after is not None
    assert report.similarity_before is not None
    assert report.similarity_after > report.similarity_before + 0.2
    off = np.abs(pixels_of(result).astype(int) - pixels_of(target))
    assert off.mean() > 1


def test_a_tiny_face_is_swapped_or_refused_by_name(
    pipeline: Pipeline, photos: Mapping[str, Photo], sources: Mapping[str, SourceIdentity]
) -> None:
    swapped = []
    for width in (24, 40, 64, 96):
        pixels = pixels_of(photos["b_1"])
        size = (width * 3, round(width * 3 * pixels.shape[0] / pixels.shape[1]))
        small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
        try:
            result, _ = swap_photo(pipeline, sources["a_2"], Photo(small), WHOLE)
        except NoFaceError:
            continue
        assert np.isfinite(result.pixels).all()
        assert changed(Photo(small), result).any()
        swapped.append(width)
    assert {64, 96} <= set(swapped)


def test_a_huge_face_is_swapped_in_bounded_memory(
    pipeline: Pipeline, photos: Mapping[str, Photo], sources: Mapping[str, SourceIdentity]
) -> None:
    (face,) = pipeline.analyser.faces(photos["b_1"].canvas)
    (left, top), (right, bottom) = face.points.min(axis=0), face.points.max(axis=0)
    part = pixels_of(photos["b_1"])[
        int(top - 120) : int(bottom + 90), int(left - 90) : int(right + 90)
    ]
    scale = 6000 / (bottom - top)
    size = (round(part.shape[1] * scale), round(part.shape[0] * scale))
    large = Photo(np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_CUBIC), np.uint8))
    small = Photo(np.ascontiguousarray(part))
    tracemalloc.start()
    result, report = swap_photo(pipeline, sources["a_2"], large, WHOLE)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # The copy that is returned, the cut-out, the change and their sums, all of 8 or 16 bits.
    assert peak < 12 * large.pixels.nbytes
    _, plain = swap_photo(pipeline, sources["a_2"], small, WHOLE)
    assert report.similarity_after is not None
    assert plain.similarity_after is not None
    assert report.similarity_after == pytest.approx(plain.similarity_after, abs=0.06)
    # What was not changed is bit for bit the original, though the work was done smaller.
    off = changed(large, result)
    assert 0.1 < off.mean() < 0.9
