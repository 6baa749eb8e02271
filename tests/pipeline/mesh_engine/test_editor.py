"""The mesh engine on whole pictures: where it writes, and faces of any size or place."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.topology import POINTS
from appliance.pipeline.imaging.types import Image
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.canvas import Box, Mask, Rgb
from appliance.pipeline.media.photo.canvas import PhotoCanvas
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.mesh_engine.fit import SourceFit
from appliance.pipeline.run import SourceIdentity
from tests.pipeline.pictures import mesh_engine, mesh_source, pixels_of

WHOLE = np.ones(POINTS, np.float32)


class _Noted(PhotoCanvas):
    """Notes what is asked of it."""

    def __init__(self, pixels: Image) -> None:
        super().__init__(pixels)
        self.writes: list[tuple[Box, Rgb, Mask]] = []

    def write(self, box: Box, rgb: Rgb, support: Mask, known: Rgb | None = None) -> None:
        self.writes.append((box, rgb, support))
        super().write(box, rgb, support, known)


@pytest.mark.parametrize("factor", [1, 3])
def test_the_editor_writes_once_and_keeps_what_is_outside(
    factor: int,
    pipeline: Pipeline,
    photos: Mapping[str, Photo],
    faces: Mapping[str, Face],
    sources: Mapping[str, SourceIdentity],
) -> None:
    pixels = np.repeat(np.repeat(pixels_of(photos["b_1"]), factor, axis=0), factor, axis=1)
    before = pixels.copy()
    canvas = _Noted(pixels)
    fit = SourceFit(mesh_source(sources["c_1"]), WHOLE)
    face = faces["b_1"].enlarged(factor)
    mesh_engine(pipeline).still.edit(canvas, face, fit)
    ((box, _, support),) = canvas.writes
    allowed = np.zeros(pixels.shape[:2], np.bool_)
    allowed[box.y : box.y + box.h, box.x : box.x + box.w] = np.asarray(support, np.bool_)
    differs = (pixels != before).any(axis=2)
    assert not (differs & ~allowed).any()
    assert differs[allowed].mean() > 0.5


def test_a_larger_face_gets_the_same_change(
    pipeline: Pipeline,
    photos: Mapping[str, Photo],
    faces: Mapping[str, Face],
    sources: Mapping[str, SourceIdentity],
) -> None:
    results = []
    for factor in (1, 4):
        pixels = np.repeat(np.repeat(pixels_of(photos["b_1"]), factor, axis=0), factor, axis=1)
        face = faces["b_1"].enlarged(factor)
        fit = SourceFit(mesh_source(sources["c_1"]), WHOLE)
        mesh_engine(pipeline).still.edit(PhotoCanvas(pixels), face, fit)
        results.append(pixels[factor // 2 :: factor, factor // 2 :: factor].astype(int))
    off = np.abs(results[0] - results[1])
    assert off.mean() < 1
    assert np.percentile(off, 99) < 16


def test_a_face_outside_the_picture_is_left_alone(
    pipeline: Pipeline, faces: Mapping[str, Face], sources: Mapping[str, SourceIdentity]
) -> None:
    canvas = _Noted(np.full((200, 200, 3), 90, np.uint8))
    fit = SourceFit(mesh_source(sources["c_1"]), WHOLE)
    gone = faces["b_1"].moved(-5000, 0)
    assert mesh_engine(pipeline).still.edit(canvas, gone, fit) is None
    assert not canvas.writes
