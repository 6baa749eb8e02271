"""A hand before a face stays as it is, whichever engine draws, in videos and in photos."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from appliance.inference.trust import INSPECTION
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.imaging.types import Image
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.run import SourceIdentity, SwapOptions, read_source, swap_photo
from tests.inference.packs import write_standins
from tests.pipeline.hands.conftest import Stretch
from tests.pipeline.hands.outlines import frames, hand_of, inner, oval_of
from tests.pipeline.videos import edited, encoded

NUMBER = 106
CHANGED = 8  # levels of 255


@pytest.fixture(scope="module")
def generating(tmp_path_factory: pytest.TempPathFactory, runtime: Runtime) -> Pipeline:
    pack = write_standins(tmp_path_factory.mktemp("pack"), "inswapper", "arcface")
    return Pipeline.load(ModelPack.open(), runtime, [ModelPack.open(pack, INSPECTION)])


def check(before: Image, after: Image, face: Face) -> None:
    """The hand of frame ``NUMBER`` is kept and the face beside it is not."""
    changed = np.abs(after.astype(int) - before).max(axis=2) > CHANGED
    hand, oval = hand_of(NUMBER, changed.shape), oval_of(face, changed.shape)
    assert np.mean(changed[hand & oval]) <= 0.05
    assert np.mean(changed[inner(hand) & oval]) <= 0.01
    assert np.mean(changed[oval & ~hand]) > 0.4


def test_the_mesh_engine_keeps_it_in_a_video(
    pipeline: Pipeline,
    sources: Mapping[str, SourceIdentity],
    stretch: Callable[[int, int], Stretch],
) -> None:
    shown, faces = stretch(NUMBER - 5, NUMBER + 1)
    seen = edited(pipeline, sources["d_1"], encoded(shown))
    check(seen.rgb_before[-1], seen.rgb_after[-1], faces[-1])


def test_a_generator_keeps_it_too(
    generating: Pipeline,
    photos: Mapping[str, Photo],
    stretch: Callable[[int, int], Stretch],
) -> None:
    shown, faces = stretch(NUMBER - 5, NUMBER + 1)
    seen = edited(generating, read_source(generating, [photos["d_1"]]), encoded(shown))
    check(seen.rgb_before[-1], seen.rgb_after[-1], faces[-1])


def test_it_stays_in_a_photo(
    pipeline: Pipeline, sources: Mapping[str, SourceIdentity], hand_clip: Path
) -> None:
    (frame,) = frames(hand_clip, NUMBER, NUMBER + 1)
    result, _ = swap_photo(pipeline, sources["d_1"], Photo(frame), SwapOptions(likeness=False))
    face = pipeline.analyser.faces(Photo(frame).canvas)[0]
    check(frame, np.asarray(result.pixels, np.uint8), face)
