"""Frames that are changed in batches come out as if they were changed one by one."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from appliance.inference.batcher import Batcher
from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from appliance.inference.session import Numbers, Tensor
from appliance.inference.trust import INSPECTION
from appliance.pipeline.generator_engine.engine import GeneratorEngine
from appliance.pipeline.generator_engine.options import GeneratorOptions
from appliance.pipeline.imaging.types import Image
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.media.video.encoder import EncoderSettings
from appliance.pipeline.run import SwapOptions, SwapReport, read_source, swap_video
from appliance.pipeline.selection import FaceRule, FaceSelection
from tests.inference.packs import write_standins
from tests.pipeline.media.clips import decode
from tests.pipeline.pictures import cell
from tests.pipeline.videos import encoded

WISH = GeneratorOptions(identity_weight=0.8, restore=0.5, occlusion=True)


@pytest.fixture(scope="module")
def generating(tmp_path_factory: pytest.TempPathFactory, runtime: Runtime) -> Pipeline:
    families = ("inswapper", "arcface", "2dfan4", "codeformer", "xseg")
    folder = tmp_path_factory.mktemp("pack")
    pack = ModelPack.open(write_standins(folder, *families, batched=True), INSPECTION)
    return Pipeline.load(ModelPack.open(), runtime, [pack], WISH)


@pytest.fixture(scope="module")
def clip(photos: Mapping[str, Photo]) -> bytes:
    """Two people, then one of them, then an empty picture, then both."""
    side = 240
    grey = np.full((side, side, 3), 128, np.uint8)
    one, other = cell(photos["b_1"], side), cell(photos["c_1"], side)

    def frame(left: Image, right: Image, shift: int) -> Image:
        return np.roll(np.hstack([left, right]), shift, axis=0)

    kinds = [(one, other)] * 5 + [(one, grey)] * 4 + [(grey, grey)] * 3 + [(other, one)] * 3
    return encoded([frame(*kind, shift=index % 3) for index, kind in enumerate(kinds)])


def swapped(pipeline: Pipeline, photo: Photo, clip: bytes) -> tuple[list[Image], SwapReport]:
    sink = io.BytesIO()
    report = swap_video(
        pipeline,
        read_source(pipeline, [photo]),
        io.BytesIO(clip),
        sink,
        SwapOptions(FaceSelection(FaceRule.ALL)),
        container="mp4",
        settings=EncoderSettings(crf=0),
    )
    frames = [frame.to_ndarray(format="rgb24") for frame in decode(sink.getvalue())]
    return [np.asarray(frame, np.uint8) for frame in frames], report


def test_batches_of_frames_give_what_single_frames_give(
    generating: Pipeline,
    clip: bytes,
    photos: Mapping[str, Photo],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    single, wanted = swapped(generating, photos["a_1"], clip)
    assert isinstance(generating.engine, GeneratorEngine)
    networks = replace(generating.engine.networks, batch=4)
    batching = replace(generating, engine=replace(generating.engine, networks=networks))
    most: dict[str, int] = {}
    run = Batcher.run

    def noted(self: Batcher, tensor: Tensor, **others: Numbers) -> tuple[Tensor, ...]:
        role = self.network.entry.role
        most[role] = max(len(tensor), most.get(role, 0))
        return run(self, tensor, **others)

    monkeypatch.setattr(Batcher, "run", noted)
    batched, report = swapped(batching, photos["a_1"], clip)
    for roles in ("generator", "restorer", "occluder", "landmarks-68", "identity"):
        assert most[roles] == 4, roles
    assert len(batched) == len(single) == 15
    for one, another in zip(batched, single, strict=True):
        np.testing.assert_array_equal(one, another)
    assert (report.frames_swapped, report.faces_swapped) == (12, 20)
    assert (wanted.frames_swapped, wanted.faces_swapped) == (12, 20)
    assert report.similarity_before == pytest.approx(wanted.similarity_before)
    assert report.similarity_after == pytest.approx(wanted.similarity_after)
