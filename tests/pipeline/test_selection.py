"""FaceRule of several faces are meant."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.topology import POINTS
from appliance.pipeline.imaging.types import Float
from appliance.pipeline.selection import (
    SAME_PERSON,
    FaceRule,
    FaceSelection,
)


def face(x: float, size: float) -> Face:
    """A square of points about ``x``, ``size`` wide."""
    mesh = np.random.default_rng(1).uniform(-0.5, 0.5, (POINTS, 3)).astype(np.float32) * size
    mesh[:, 0] += x
    return Face(mesh, 1.0)


def towards(cosine: float) -> Float:
    """A unit vector with that cosine to the first axis."""
    vector = np.zeros(128, np.float32)
    vector[:2] = cosine, np.sqrt(1 - cosine**2)
    return vector


FACES = [face(300, 80), face(90, 100), face(600, 60)]


@pytest.mark.parametrize(
    ("which", "wanted"),
    [
        (FaceRule.LARGEST, [1]),
        (FaceRule.LEFT, [1]),
        (FaceRule.RIGHT, [2]),
        (FaceRule.ALL, [0, 1, 2]),
    ],
)
def test_words_choose_by_place_and_size(which: FaceRule, wanted: list[int]) -> None:
    assert FaceSelection(which).select(FACES) == wanted


def test_the_largest_need_not_be_leftmost() -> None:
    assert FaceSelection(FaceRule.LARGEST).select(FACES[::2]) == [0]
    assert FaceSelection(FaceRule.LEFT).select(FACES[::2]) == [0]
    assert FaceSelection(FaceRule.LEFT).select(FACES[::-1]) == [1]


@pytest.mark.parametrize("which", list(FaceRule))
def test_nobody_is_chosen_of_nobody(which: FaceRule) -> None:
    assert FaceSelection(which, towards(1)).select([], []) == []


def test_like_takes_the_most_alike_face() -> None:
    choice = FaceSelection(FaceRule.LIKE, towards(1))
    assert choice.select(FACES, [towards(0.4), towards(0.1), towards(0.8)]) == [2]


def test_like_takes_nobody_who_is_not_alike_enough() -> None:
    # Below the threshold even the most similar face is another person, who must not be changed.
    choice = FaceSelection(FaceRule.LIKE, towards(1))
    assert choice.select(FACES[:1], [towards(SAME_PERSON - 0.01)]) == []
    assert choice.select(FACES[:1], [towards(SAME_PERSON + 0.01)]) == [0]


def test_like_needs_somebody_to_be_like() -> None:
    with pytest.raises(ValueError, match="reference"):
        FaceSelection(FaceRule.LIKE).select(FACES, [towards(1)] * 3)


def test_the_extent_of_a_face_is_its_longer_side() -> None:
    mesh = np.zeros((POINTS, 3), np.float32)
    mesh[10, :2], mesh[152, :2] = (5, 10), (15, 70)
    assert Face(mesh, 1.0).extent == pytest.approx(70)
