"""What is taken from a person's photos: no hair, no teeth, no side that was not seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import cv2
import numpy as np
import pytest

from appliance.errors import NoFaceError
from appliance.pipeline.appearance.tone import LUMA
from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.shape import LIP_PAIRS
from appliance.pipeline.face_model.texture import TexturePlane
from appliance.pipeline.face_model.topology import (
    INNER_LIPS,
    LEFT_EYE,
    OUTER_LIPS,
    RIGHT_EYE,
    SKIN_POINTS,
)
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.mesh_engine.source import MIRRORED
from appliance.pipeline.networks.recogniser import similarity
from appliance.pipeline.run import (
    SourceIdentity,
    SwapOptions,
    read_reference,
    read_source,
    swap_photo,
)
from appliance.pipeline.selection import FaceRule
from tests.pipeline.pictures import (
    CLOTHS,
    SURGICAL_MASK,
    cell,
    covered,
    looking_aside,
    mesh_source,
    pixels_of,
    with_spectacles,
)

NAMES = ["a_1", "a_2", "b_1", "b_2", "c_1", "d_1", "e_1"]
HIDING = 52  # degrees from which a turned head hides the far cheek of all these people
Known: TypeAlias = tuple[Mapping[str, Photo], Mapping[str, Face], Mapping[str, SourceIdentity]]

CHEEKS = [50, 280, 205, 425, 4]
FOREHEAD = [151, 69, 299, 103, 332]
SMILES = ["b_1", "b_2", "c_1", "d_1", "e_1"]


@pytest.fixture
def known(
    photos: Mapping[str, Photo], faces: Mapping[str, Face], sources: Mapping[str, SourceIdentity]
) -> Known:
    """What is known of the portraits."""
    return photos, faces, sources


@pytest.mark.parametrize("name", NAMES)
def test_the_cheeks_of_every_portrait_are_trusted(
    name: str, sources: Mapping[str, SourceIdentity]
) -> None:
    source = mesh_source(sources[name])
    assert source.cover[CHEEKS].min() > 0.95
    assert source.cover.min() > -1e-5
    assert source.cover.max() < 1 + 1e-5
    assert source.cover[:SKIN_POINTS].mean() > 0.8
    assert np.isfinite(source.texture).all()


@pytest.mark.parametrize("name", NAMES)
def test_the_sides_before_the_ears_stay_the_targets(
    name: str, canonical: Canonical, sources: Mapping[str, SourceIdentity]
) -> None:
    # A photo shows them foreshortened and in their own shadow: on a target that is a rim.
    aside = np.abs(canonical.xyz[:, 0])
    cover = mesh_source(sources[name]).cover
    assert cover[aside > 7.1].max() == 0
    assert cover[(aside > 6.3) & (aside < 7.1)].max() < 0.8


def test_a_fringe_is_not_taken_for_a_forehead(sources: Mapping[str, SourceIdentity]) -> None:
    # Person e has one down to the brows; it would be drawn on the target's bare forehead.
    assert mesh_source(sources["e_1"]).cover[FOREHEAD].mean() < 0.5
    for bare in ("a_1", "a_2", "b_1", "c_1"):
        assert mesh_source(sources[bare]).cover[FOREHEAD].mean() > 0.95


@pytest.mark.parametrize("name", ["a_2", "b_1", "c_1", "e_1"])
def test_what_a_person_wears_is_not_taken_along(
    name: str, known: Known, pipeline: Pipeline
) -> None:
    photos, faces, _ = known
    image, face = pixels_of(photos[name]), faces[name]
    masked = covered(image, face.points[SURGICAL_MASK], CLOTHS["surgical"])
    source = mesh_source(read_source(pipeline, [Photo(masked)]))
    # What lies below it is not known, so there the target's own skin stays.
    assert source.cover[[*CHEEKS, *INNER_LIPS]].max() < 0.1
    assert source.cover[9] > 0.9


@pytest.mark.parametrize("name", ["a_2", "b_1", "c_1", "e_1"])
def test_the_frames_of_spectacles_are_painted_over(
    name: str, known: Known, pipeline: Pipeline, canonical: Canonical
) -> None:
    photos, faces, sources = known
    glasses = with_spectacles(pixels_of(photos[name]), faces[name], (25, 20, 20))
    source, bare = mesh_source(read_source(pipeline, [Photo(glasses)])), mesh_source(sources[name])
    # Eyes and cheeks are the person's own, and where the frames run it is skin, not frame.
    assert source.cover[[*RIGHT_EYE, *LEFT_EYE, 205, 425]].min() > 0.75
    rims = [117, 118, 346, 347]
    plane = TexturePlane(canonical, source.texture.shape[0])
    found, own = (
        plane.pick(np.ascontiguousarray(one.texture.mean(axis=2)))[rims] for one in (source, bare)
    )
    assert np.abs(found - own).max() < 30


@pytest.mark.parametrize("pair", [("a_1", "a_2"), ("b_1", "b_2"), ("b_1", "e_1")])
def test_two_photos_cover_what_either_covers(
    pair: tuple[str, str],
    pipeline: Pipeline,
    photos: Mapping[str, Photo],
    sources: Mapping[str, SourceIdentity],
) -> None:
    both = read_source(pipeline, [photos[name] for name in pair])
    for name in pair:
        assert (mesh_source(both).cover >= mesh_source(sources[name]).cover - 1e-4).all()
        assert similarity(both.embedding, sources[name].embedding) > 0.6


def test_the_second_photo_fills_what_a_fringe_hides_in_the_first(
    pipeline: Pipeline, photos: Mapping[str, Photo], sources: Mapping[str, SourceIdentity]
) -> None:
    both = read_source(pipeline, [photos["e_1"], photos["b_1"]])
    assert mesh_source(both).cover[FOREHEAD].min() > 0.95
    # … and the texture there is the other photo's skin: nearer to its tone than the hair was.
    spread = TexturePlane(pipeline.analyser.canonical, mesh_source(both).texture.shape[0])
    for point in FOREHEAD:
        merged = spread.pick(mesh_source(both).texture[..., 0])[point]
        hair = spread.pick(mesh_source(sources["e_1"]).texture[..., 0])[point]
        skin = float(np.exp(mesh_source(both).tone[0]))
        assert abs(merged - skin) < abs(hair - skin) + 5


@pytest.mark.parametrize(
    ("degrees", "hidden"), [(45, 50), (-45, 280), (HIDING, 50), (-HIDING, 280)]
)
@pytest.mark.parametrize("name", ["a_2", "b_1", "c_1"])
def test_the_side_a_half_profile_hides_is_filled_by_the_other(
    name: str, degrees: float, hidden: int, pipeline: Pipeline, known: Known
) -> None:
    photos, faces, sources = known
    aside = looking_aside(
        pixels_of(photos[name]), faces[name], pipeline.analyser.canonical, degrees
    )
    person = read_source(pipeline, [Photo(aside)])
    cover = mesh_source(person).cover
    assert cover[CHEEKS].min() > 0.8
    assert similarity(person.embedding, sources[name].embedding) > 0.6  # still this person
    # A place that is not seen is trusted as its mirror image is. At 45 degrees some still are seen.
    not_seen = bool(cover[hidden] <= MIRRORED + 1e-4)
    assert not_seen or abs(degrees) < HIDING
    if not_seen:
        texture = mesh_source(person).texture
        plane = TexturePlane(pipeline.analyser.canonical, texture.shape[0])
        red = plane.pick(np.ascontiguousarray(images.blurred(texture, 6.0)[..., 0]))
        assert red[hidden] == pytest.approx(
            red[pipeline.analyser.canonical.mirror[hidden]], rel=0.12
        )


def along_the_lip_line(image: Image, points: Float) -> Float:
    """The luma between the lips, at the middle seven of the nine pairs of inner lip points."""
    line = [(points[upper] + points[lower]) / 2 for upper, lower in LIP_PAIRS[1:-1]]
    at = np.array(line, np.float32)[None]
    return np.asarray(images.remapped(image, at)[0].astype(np.float32) @ LUMA, np.float32)


def lip_luma(image: Image, points: Float) -> float:
    """The median luma of the lips themselves."""
    at = ((points[INNER_LIPS] + points[OUTER_LIPS]) / 2)[None]
    return float(
        np.median(images.remapped(image, at.astype(np.float32))[0].astype(np.float32) @ LUMA)
    )


@pytest.mark.parametrize("name", SMILES)
def test_no_tooth_of_the_source_shows_in_a_closed_mouth(
    name: str, pipeline: Pipeline, known: Known
) -> None:
    photos, faces, sources = known
    # The measure sees teeth where there are some: in the source itself.
    own, points = pixels_of(photos[name]), faces[name].points
    assert along_the_lip_line(own, points).max() > 1.4 * lip_luma(own, points)
    result, _ = swap_photo(pipeline, sources[name], photos["a_2"], SwapOptions())
    image, (face,) = pixels_of(result), pipeline.analyser.faces(result.canvas)
    assert along_the_lip_line(image, face.points).max() < 1.25 * lip_luma(image, face.points)


@pytest.mark.parametrize("name", SMILES)
def test_the_opening_of_the_mouth_has_the_colour_of_the_lips(
    name: str, canonical: Canonical, sources: Mapping[str, SourceIdentity]
) -> None:
    texture = mesh_source(sources[name]).texture
    plane = TexturePlane(canonical, texture.shape[0])
    luma = texture @ LUMA
    lips = plane.interpolate(np.isin(np.arange(478), OUTER_LIPS).astype(np.float32)[:, None])[
        ..., 0
    ]
    around = np.median(luma[(lips > 0.5) & ~plane.mouth])
    assert np.percentile(luma[plane.mouth], 99) < 1.5 * around


def test_a_larger_photo_gets_the_larger_plane(
    pipeline: Pipeline, photos: Mapping[str, Photo], sources: Mapping[str, SourceIdentity]
) -> None:
    doubled = Photo(np.repeat(np.repeat(pixels_of(photos["a_2"]), 2, axis=0), 2, axis=1))
    large = mesh_source(read_source(pipeline, [doubled]))
    small = mesh_source(sources["a_2"])
    assert large.texture.shape[0] == 2 * small.texture.shape[0]
    halved = images.resized(large.texture, small.texture.shape[1::-1], cv2.INTER_AREA)
    plane = TexturePlane(pipeline.analyser.canonical, small.texture.shape[0])
    assert np.abs(halved - small.texture)[plane.covered].mean() < 6


def test_the_photo_without_a_face_is_named(pipeline: Pipeline, photos: Mapping[str, Photo]) -> None:
    # Leaving it out in silence would make a source of fewer photos than the person gave.
    empty = Photo(np.full((400, 400, 3), 120, np.uint8))
    with pytest.raises(NoFaceError) as refused:
        read_source(pipeline, [photos["b_1"], empty])
    assert "source photo 2" in refused.value.message
    with pytest.raises(NoFaceError) as refused:
        read_source(pipeline, [empty, photos["b_1"]])
    assert "source photo 1" in refused.value.message


def test_somebody_in_the_background_is_not_the_source(
    pipeline: Pipeline, photos: Mapping[str, Photo], sources: Mapping[str, SourceIdentity]
) -> None:
    picture = np.full((900, 1200, 3), 128, np.uint8)
    picture[:, : photos["b_1"].pixels.shape[1]] = pixels_of(photos["b_1"])
    picture[300:544, 900:1104] = pixels_of(photos["a_1"])
    person = read_source(pipeline, [Photo(picture)])
    assert similarity(person.embedding, sources["b_1"].embedding) > 0.9


def test_of_two_people_the_one_who_was_chosen_is_the_source(
    pipeline: Pipeline, photos: Mapping[str, Photo], sources: Mapping[str, SourceIdentity]
) -> None:
    two = Photo(np.hstack([pixels_of(photos[name])[:700, :680] for name in ("b_1", "c_1")]))
    with pytest.raises(NoFaceError, match="Source photo 2 shows 2 faces"):
        read_source(pipeline, [photos["b_1"], two])
    for which, name in ((FaceRule.LEFT, "b_1"), (FaceRule.RIGHT, "c_1")):
        person = read_source(pipeline, [two], which)
        assert similarity(person.embedding, sources[name].embedding) > 0.9
    with pytest.raises(NoFaceError, match="The reference photo shows 2 faces"):
        read_reference(pipeline.analyser, two)
    embedding = read_reference(pipeline.analyser, two, FaceRule.RIGHT)
    assert similarity(embedding, sources["c_1"].embedding) > 0.9


def test_a_small_second_person_in_a_large_photo_counts(
    pipeline: Pipeline, photos: Mapping[str, Photo]
) -> None:
    # The picture as a whole shows the second one 7 pixels wide, the first one twice as wide.
    picture = np.full((400, 5000, 3), 128, np.uint8)
    for name, x, side in (("b_1", 200, 320), ("c_1", 4000, 180)):
        picture[20 : 20 + side, x : x + side] = cell(photos[name], side)
    with pytest.raises(NoFaceError, match="shows 2 faces"):
        read_source(pipeline, [Photo(picture)])
