"""Hands are found soon, followed, and forgotten once they are gone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from appliance.pipeline.face_model.face import Face
from appliance.pipeline.hands.finder import TRIES, VIEWS, HandFinder
from appliance.pipeline.hands.follower import SEARCH_INTERVAL, HandFollower
from appliance.pipeline.hands.hand import Hand
from appliance.pipeline.hands.watch import HandWatch
from appliance.pipeline.imaging.types import Image
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.canvas import Canvas
from appliance.pipeline.media.photo.canvas import PhotoCanvas
from tests.pipeline.hands.composites import Cut, Placing, laid
from tests.pipeline.hands.conftest import Stretch

RATE = 24
RUN_UP = 24


def followed(
    pipeline: Pipeline, frames: Sequence[Image], faces: Sequence[Face], first: int
) -> list[tuple[Hand, ...]]:
    """What a new follower sees in each frame; ``first``: the number of the first."""
    follower = HandFollower(pipeline.hands)
    return [
        follower.update(PhotoCanvas(frame), face, first + number, 1 / RATE)
        for number, (frame, face) in enumerate(zip(frames, faces, strict=True))
    ]


@pytest.mark.parametrize("first", [64, 100, 150, 215])
def test_a_film_that_starts_with_a_hand_has_it_within_five_frames(
    first: int, pipeline: Pipeline, stretch: Callable[[int, int], Stretch]
) -> None:
    seen = followed(pipeline, *stretch(first, first + SEARCH_INTERVAL), first)
    assert len(seen[-1]) == 1


def test_whoever_starts_a_run_up_earlier_sees_the_same(
    pipeline: Pipeline, stretch: Callable[[int, int], Stretch]
) -> None:
    frames, faces = stretch(90, 90 + RUN_UP + 12)
    whole = followed(pipeline, frames, faces, 90)
    part = followed(pipeline, frames[7:], faces[7:], 97)
    for one, other in zip(whole[7 + RUN_UP :], part[RUN_UP:], strict=True):
        ((hand,), (again,)) = one, other
        off = np.linalg.norm(hand.joints - again.joints, axis=1)
        assert off.max() < 0.05


def test_a_hand_that_leaves_is_forgotten_and_one_that_enters_is_found(
    pipeline: Pipeline, stretch: Callable[[int, int], Stretch]
) -> None:
    frames, faces = stretch(220, 240)
    seen = followed(pipeline, frames, faces, 220)
    assert seen[4]
    assert not any(seen[-5:])
    turned = followed(pipeline, frames[::-1], faces[::-1], 220)
    assert not turned[0]
    assert turned[-1]


@pytest.mark.parametrize("earlier", [False, True])
def test_two_hands_are_both_followed_whichever_came_first(
    earlier: bool, pipeline: Pipeline, stretch: Callable[[int, int], Stretch]
) -> None:
    # A hand and its mirror image, before a face without any.
    (image,), (face,) = stretch(160, 161)
    cut = Cut.of(160, image, face)
    (bare,), (shown,) = stretch(239, 240)
    one, other = Placing(mirrored=earlier), Placing(mirrored=not earlier)
    alone = laid(cut, bare, shown, one)
    both = laid(cut, alone.image, alone.face, other)
    alone = laid(cut, bare[: both.image.shape[0]], shown, one)
    frames = [alone.image] * SEARCH_INTERVAL + [both.image] * (4 * SEARCH_INTERVAL)
    seen = followed(pipeline, frames, [both.face] * len(frames), 100)
    assert [len(hands) for hands in seen[-2 * SEARCH_INTERVAL :]] == [2] * (2 * SEARCH_INTERVAL)


class Late(PhotoCanvas):
    """A frame in which hands are found in another order."""


class Turning(HandFinder):
    """Finds the hands that a search from near finds; on a ``Late`` canvas the last one first."""

    def search(
        self,
        canvas: Canvas,
        face: Face,
        views: Sequence[float] = VIEWS,
        known: Sequence[Hand] = (),
        tries: Sequence[tuple[float, float]] = TRIES,
    ) -> tuple[Hand, ...]:
        """See ``HandFinder.search``."""
        found = super().search(canvas, face, VIEWS[1:], known)
        return found[::-1] if isinstance(canvas, Late) else found


def test_the_order_in_which_two_hands_are_found_is_no_matter(
    pipeline: Pipeline, stretch: Callable[[int, int], Stretch]
) -> None:
    (image,), (face,) = stretch(160, 161)
    cut = Cut.of(160, image, face)
    (bare,), (shown,) = stretch(239, 240)
    alone = laid(cut, bare, shown)
    both = laid(cut, alone.image, alone.face, Placing(mirrored=True))
    finder = pipeline.hands
    follower = HandFollower(Turning(finder.palms, finder.landmarker, finder.pose_estimator))
    for number in range(105, 112):  # a fresh search is at 110
        canvas = (Late if number == 110 else PhotoCanvas)(both.image)
        seen = follower.update(canvas, both.face, number, 1 / RATE)
        assert len(seen) == 2


def test_the_hands_of_a_track_that_has_ended_are_forgotten(
    pipeline: Pipeline, stretch: Callable[[int, int], Stretch]
) -> None:
    frames, faces = stretch(100, 104)
    watch = HandWatch(pipeline.hands)
    canvases = [PhotoCanvas(frame) for frame in frames]
    empty = PhotoCanvas(np.full_like(frames[0], 128))
    assert watch.update(canvases[0], [(1, faces[0])], 100, 0.0)[0] is not None
    assert watch.update(empty, [], 101, 0.04) == []
    assert watch.update(empty, [(2, faces[2])], 102, 0.08) == [None]
    assert watch.update(canvases[3], [(2, faces[3])], 103, 0.12)[0] is not None
