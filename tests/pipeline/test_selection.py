"""Which of several faces are meant."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.errors import NoFaceError
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.topology import POINTS
from appliance.pipeline.imaging.types import Float
from appliance.pipeline.selection import (
    COUNTS,
    SAME_PERSON,
    FaceRule,
    FaceSelection,
    one_person,
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


BY_SIZE = sorted(FACES, key=lambda one: one.extent, reverse=True)  # at 90, 300 and 600


@pytest.mark.parametrize(
    ("which", "wanted"),
    [(FaceRule.LARGEST, 0), (FaceRule.LEFT, 0), (FaceRule.RIGHT, 2), (1, 0), (2, 1), (3, 2)],
)
def test_one_of_several_people_can_be_chosen(which: FaceRule | int, wanted: int) -> None:
    assert one_person(BY_SIZE, which, "the photo") is BY_SIZE[wanted]


def test_several_people_are_refused_until_one_is_chosen() -> None:
    with pytest.raises(NoFaceError) as refused:
        one_person(BY_SIZE, None, "source photo 2", "Choose one.")
    assert refused.value.message.startswith("Source photo 2 shows 3 faces")
    assert refused.value.hint == "Choose one."
    with pytest.raises(NoFaceError, match="none of that number"):
        one_person(BY_SIZE, 4, "the photo")


def test_somebody_far_behind_is_not_asked_about() -> None:
    large = face(300, 100)
    behind, near = face(50, 100 * (COUNTS - 0.05)), face(50, 100 * (COUNTS + 0.05))
    assert one_person([large, behind], None, "the photo") is large
    assert one_person([large, behind], FaceRule.LEFT, "the photo") is large
    assert one_person([large, behind], 2, "the photo") is behind  # by number all can be named
    with pytest.raises(NoFaceError):
        one_person([large, near], None, "the photo")


def test_a_photo_of_one_person_needs_no_choice() -> None:
    # Of several photos some may show one person and others two.
    for which in (None, FaceRule.RIGHT, 2):
        assert one_person(FACES[:1], which, "the photo") is FACES[0]
