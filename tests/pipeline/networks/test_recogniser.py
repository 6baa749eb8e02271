"""SFace on the real portraits."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pytest

from appliance.pipeline.face_model.face import Face
from appliance.pipeline.imaging.types import Float
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.networks.recogniser import similarity
from appliance.pipeline.selection import SAME_PERSON
from tests.pipeline.pictures import pixels_of, turned

NAMES = ["a_1", "a_2", "b_1", "b_2", "c_1", "d_1", "e_1"]


@pytest.fixture(scope="module")
def embeddings(
    pipeline: Pipeline, photos: Mapping[str, Photo], faces: Mapping[str, Face]
) -> Mapping[str, Float]:
    return {name: pipeline.analyser.embedding(photos[name].canvas, faces[name]) for name in NAMES}


def test_an_embedding_has_unit_length(embeddings: Mapping[str, Float]) -> None:
    for embedding in embeddings.values():
        assert embedding.shape == (128,)
        assert np.linalg.norm(embedding) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(("a", "b"), list(combinations(NAMES, 2)))
def test_two_photos_are_alike_if_and_only_if_they_show_the_same_person(
    a: str, b: str, embeddings: Mapping[str, Float]
) -> None:
    alike = similarity(embeddings[a], embeddings[b]) >= SAME_PERSON
    assert alike == (a[0] == b[0])


@pytest.mark.parametrize("degrees", [0, 25, 180])
@pytest.mark.parametrize("name", NAMES)
def test_a_turned_picture_shows_the_same_person(
    name: str,
    degrees: float,
    pipeline: Pipeline,
    photos: Mapping[str, Photo],
    embeddings: Mapping[str, Float],
) -> None:
    picture, _ = turned(photos[name], degrees)
    face = pipeline.analyser.faces(picture.canvas)[0]
    assert similarity(pipeline.analyser.embedding(picture.canvas, face), embeddings[name]) > 0.8


def test_swapping_red_and_blue_makes_a_person_less_like_themself(
    pipeline: Pipeline,
    photos: Mapping[str, Photo],
    faces: Mapping[str, Face],
    embeddings: Mapping[str, Float],
) -> None:
    # Were the channels fed the wrong way round, the true order would be the one that loses.
    for a, b in (("a_1", "a_2"), ("b_1", "b_2")):
        blue = Photo(np.ascontiguousarray(pixels_of(photos[a])[..., ::-1]))
        swapped = pipeline.analyser.embedding(blue.canvas, faces[a])
        assert similarity(swapped, embeddings[b]) < similarity(embeddings[a], embeddings[b])


def test_a_face_outside_the_picture_has_no_embedding(
    pipeline: Pipeline, photos: Mapping[str, Photo], faces: Mapping[str, Face]
) -> None:
    # There are no pixels to look at; embedding the border's colour would name a person.
    with pytest.raises(ValueError, match="outside"):
        pipeline.analyser.embedding(photos["b_1"].canvas, faces["b_1"].moved(5000, 0))
