"""Frames of the clip with a hand, and the face in each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.pipeline.face_model.face import Face
from appliance.pipeline.imaging.types import Image
from appliance.pipeline.loading import Pipeline
from tests.pipeline.hands.outlines import frames
from tests.pipeline.steadiness import meshes

Stretch = tuple[list[Image], list[Face]]


@pytest.fixture(scope="session")
def stretch(pipeline: Pipeline, hand_clip: Path) -> Callable[[int, int], Stretch]:
    """Frames of the clip by their numbers, and the face in each."""

    def cut(first: int, end: int) -> Stretch:
        shown = frames(hand_clip, first, end)
        return shown, meshes(pipeline, shown)

    return cut
