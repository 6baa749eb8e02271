"""Regions taken from the healthy half: on portraits with a drawn scar, and on rendered heads."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.errors import HandleError
from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.topology import indices
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.simulation.drawn_region import Outline
from appliance.pipeline.simulation.field import FieldSolver, jacobian
from appliance.pipeline.simulation.handles import Points
from appliance.pipeline.simulation.mirror import Mirror, Mode
from appliance.pipeline.simulation.simulator import Simulator
from appliance.pipeline.simulation.view import View, ViewEstimator
from tests.pipeline.heads import Head
from tests.pipeline.pictures import pixels_of
from tests.pipeline.simulation.displacement import KNOWN, SIZE

CHEEK = indices("118 101 36 205 50")
OTHER_CHEEK = indices("347 330 266 425 280")
SCAR, OTHER_SCAR = (50, 203), indices("280 423")


@pytest.fixture(scope="module")
def mirror(canonical: Canonical) -> Mirror:
    return Mirror(canonical)


@pytest.fixture(scope="module")
def views(
    canonical: Canonical, faces: Mapping[str, Face], photos: Mapping[str, Photo]
) -> Mapping[str, View]:
    """How the portraits' faces lie before the camera."""
    estimator = ViewEstimator(canonical)
    sizes = {name: (photo.canvas.width, photo.canvas.height) for name, photo in photos.items()}
    return {name: estimator.view(face.mesh, sizes[name]) for name, face in faces.items()}


def outline_of(mesh: Float, ring: Points) -> Outline:
    return [(float(x), float(y)) for x, y in mesh[ring, :2]]


def around_scar(view: View, width: float) -> Outline:
    """``width``: mm."""
    start, end = view.mesh[SCAR[0], :2], view.mesh[SCAR[1], :2]
    along = np.asarray((end - start) / np.linalg.norm(end - start), np.float32)
    aside = np.array([-along[1], along[0]]) * width / 2 / view.scale.mm
    room = along * 2 / view.scale.mm
    corners = (
        start - room + aside, end + room + aside, end + room - aside, start - room - aside,
    )  # fmt: skip
    return [(float(x), float(y)) for x, y in corners]


def scarred(picture: Image, view: View) -> Image:
    """With a dark line of 1.6 mm on the subject's right cheek."""
    ends = [tuple(np.round(view.mesh[at, :2]).astype(int).tolist()) for at in SCAR]
    drawn = picture.copy()
    cv2.line(drawn, ends[0], ends[1], (110, 60, 55), max(1, round(1.6 / view.scale.mm)))
    return drawn


def inside(picture: Image, outline: Outline) -> NDArray[np.bool_]:
    mask = np.zeros(picture.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(np.array(outline)).astype(np.int32)], 1)
    return np.asarray(mask > 0, np.bool_)


@pytest.mark.parametrize("name", ["a_1", "b_1", "d_1", "e_1"])
def test_a_scar_goes_and_skin_stays(
    name: str,
    mirror: Mirror,
    views: Mapping[str, View],
    photos: Mapping[str, Photo],
) -> None:
    before = pixels_of(photos[name])
    view = views[name]
    scar = scarred(before, view)
    outline = around_scar(view, 5)
    result = Photo(scar.copy())
    mirror.paint(result.canvas, view, outline, "line")
    line = (scar != before).any(axis=2)
    left = np.abs(pixels_of(result).astype(float) - before)[line].mean()
    assert left < 0.25 * np.abs(scar.astype(float) - before)[line].mean()
    outside = ~inside(before, outline)
    assert np.array_equal(pixels_of(result)[outside], scar[outside])


def test_a_line_has_the_other_halfs_structure(
    mirror: Mirror,
    views: Mapping[str, View],
    photos: Mapping[str, Photo],
) -> None:
    """What only goes on across the gap has none: it is smeared."""
    before = pixels_of(photos["d_1"])
    view = views["d_1"]
    outline = around_scar(view, 5)
    result = Photo(scarred(before, view))
    mirror.paint(result.canvas, view, outline, "line")

    def grain(picture: Image) -> float:
        return float(cv2.Laplacian(picture.astype(np.float32), -1)[inside(before, outline)].std())

    assert grain(pixels_of(result)) > 0.5 * grain(before)


def test_what_lies_beside_the_other_place_leaves_a_line_its_light(
    mirror: Mirror, views: Mapping[str, View], photos: Mapping[str, Photo]
) -> None:
    """A shadow there, which ends where the line begins."""
    before, view = pixels_of(photos["b_1"]), views["b_1"]
    outline = around_scar(view, 5)
    picture = before.copy()
    start, end = view.mesh[OTHER_SCAR, :2]
    along = np.asarray((end - start) / np.linalg.norm(end - start), np.float32)
    aside = np.array([along[1], -along[0]]) / view.scale.mm
    corners = [start - 8 * along + 3 * aside, end + 8 * along + 3 * aside]
    corners += [end + 8 * along + 12 * aside, start - 8 * along + 12 * aside]
    shade = inside(picture, [(float(x), float(y)) for x, y in corners])
    picture[shade] = (0.3 * picture[shade]).astype(np.uint8)
    result = Photo(picture.copy())
    mirror.paint(result.canvas, view, outline, "line")
    where = inside(before, outline)
    assert not (shade & where).any()
    bias = (pixels_of(result)[where].astype(float) - before[where]).mean(axis=0)
    assert np.abs(bias).max() < 4


@pytest.mark.parametrize("name", ["a_1", "c_1", "e_1"])
def test_a_region_has_this_halfs_light_and_colour(
    name: str,
    mirror: Mirror,
    views: Mapping[str, View],
    photos: Mapping[str, Photo],
) -> None:
    before = pixels_of(photos[name])
    view = views[name]
    outline = outline_of(view.mesh, CHEEK)
    result = Photo(before.copy())
    mirror.paint(result.canvas, view, outline, "region")
    where = inside(before, outline)
    bias = (pixels_of(result)[where].astype(float) - before[where]).mean(axis=0)
    assert np.abs(bias).max() < 8
    assert (pixels_of(result)[where] != before[where]).any(axis=1).mean() > 0.8


def refused(
    mirror: Mirror, picture: Image, view: View, outline: Outline, mode: Mode = "region"
) -> str:
    photo = Photo(picture.copy())
    with pytest.raises(HandleError) as caught:
        mirror.paint(photo.canvas, view, outline, mode)
    assert np.array_equal(photo.pixels, picture)
    assert caught.value.hint
    return caught.value.message


@pytest.mark.parametrize(
    ("ring", "what"),
    [
        ("227 123 116", "outline"),  # before the ear
        ("109 69 108", "outline"),  # below the hair
        ("50 205 425 280", "eye or the mouth|middle line"),
        ("9 107 336", "middle line"),
        ("118 159 145", "eye"),
        ("50 101", "corners"),
    ],
)
def test_refused_places(
    ring: str,
    what: str,
    mirror: Mirror,
    views: Mapping[str, View],
    photos: Mapping[str, Photo],
) -> None:
    view = views["e_1"]
    mesh = view.mesh.copy()
    middle = mesh[indices(ring)].mean(axis=0)
    mesh += np.float32(0.1) * (middle - mesh)
    outline = outline_of(mesh, indices(ring))
    message = refused(mirror, pixels_of(photos["e_1"]), view, outline)
    assert any(word in message for word in what.split("|"))


def test_refused_outlines(
    mirror: Mirror,
    views: Mapping[str, View],
    photos: Mapping[str, Photo],
) -> None:
    picture, view = pixels_of(photos["e_1"]), views["e_1"]
    beyond = [(0.0, 0.0), (5.0, -1.0), (5.0, 5.0)]
    assert "outside" in refused(mirror, picture, view, beyond)
    assert "outside" in refused(mirror, picture, view, [(0.0, 0.0), (np.nan, 1.0), (5.0, 5.0)])
    assert "not all on the face" in refused(mirror, picture, view, [(0, 0), (9, 0), (9, 9)])
    wide = around_scar(view, 12)
    assert "wider" in refused(mirror, picture, view, wide, "line")


def test_light_from_one_side_is_refused(
    mirror: Mirror,
    views: Mapping[str, View],
    photos: Mapping[str, Photo],
) -> None:
    picture, view = pixels_of(photos["e_1"]).copy(), views["e_1"]
    middle = float(view.mesh[168, 0])
    columns = np.arange(picture.shape[1]) - middle
    dark = 1 - 0.6 / (1 + np.exp(-columns / 10))
    uneven = np.asarray(picture * dark[None, :, None], np.uint8)
    outline = outline_of(view.mesh, CHEEK)
    assert "light" in refused(mirror, uneven, view, outline)


def test_a_half_that_is_turned_away_is_refused(
    canonical: Canonical, mirror: Mirror, heads: Mapping[str, Head]
) -> None:
    """And the half that faces the camera is taken for the other one."""
    head = heads["e_1"]
    estimator = ViewEstimator(canonical)
    for side, near, far in ((1, CHEEK, OTHER_CHEEK), (-1, OTHER_CHEEK, CHEEK)):
        picture, mesh = head.render(30 * side).image, head.mesh(30 * side)
        view = estimator.view(mesh, SIZE, KNOWN)
        message = refused(mirror, picture, view, outline_of(mesh, near))
        assert "turned away" in message
        picture, mesh = head.render(12 * side).image, head.mesh(12 * side)
        view = estimator.view(mesh, SIZE, KNOWN)
        photo = Photo(picture.copy())
        mirror.paint(photo.canvas, view, outline_of(mesh, far), "region")
        assert (photo.pixels != picture).any()


def test_what_the_nose_hides_is_refused(
    canonical: Canonical, mirror: Mirror, heads: Mapping[str, Head]
) -> None:
    picture, mesh = heads["e_1"].render(20).image, heads["e_1"].mesh(20)
    view = ViewEstimator(canonical).view(mesh, SIZE, KNOWN)
    outline = outline_of(mesh, indices("129 203 36 142"))
    assert "hidden" in refused(mirror, picture, view, outline)


def test_a_half_outside_the_picture_is_refused(
    mirror: Mirror, views: Mapping[str, View], photos: Mapping[str, Photo]
) -> None:
    view = views["e_1"]
    cut = pixels_of(photos["e_1"])[:, : round(float(view.mesh[168, 0]))]
    outline = outline_of(view.mesh, CHEEK)
    assert "outside the picture" in refused(mirror, cut, view, outline)


def swollen(canonical: Canonical) -> Float:
    """A move in cm by which the subject's right cheek swells by up to 6 mm."""
    gap = np.linalg.norm(canonical.xyz - canonical.xyz[50], axis=1)
    bump = np.exp(-0.5 * (gap / 1.2) ** 2) * (canonical.xyz[:, 0] < -1)
    return np.asarray(0.6 * bump[:, None] * np.array([-0.5, 0, 0.85]), np.float32)


def test_a_swelling_takes_the_other_halfs_shape(
    canonical: Canonical, mirror: Mirror, heads: Mapping[str, Head]
) -> None:
    head = heads["e_1"]
    swelling = swollen(canonical)
    mesh = head.mesh(0, move=swelling)
    view = ViewEstimator(canonical).view(mesh, SIZE, KNOWN)
    picture = head.render(0).image
    move = mirror.move(Photo(picture).canvas, view, outline_of(mesh, CHEEK))
    healthy = head.mesh(0)

    def off(points: Float) -> float:
        return float(np.hypot(*(points - healthy)[CHEEK, :2].T).mean())

    assert off(view.moved(move)) < 0.6 * off(mesh)
    assert not move[OTHER_CHEEK].any()
    after = view.moved(move)
    field = FieldSolver(canonical).solve(mesh, after, np.zeros(len(mesh), np.float32), KNOWN.mm)
    assert jacobian(field.shift, float(field.grid.matrix[0, 0])).min() >= 0.25
    photo = Photo(picture.copy())
    Simulator(canonical).simulate(photo.canvas, view, {}, mirrored=move)
    changed = (photo.pixels != picture).any(axis=2)
    assert 0 < changed.mean() < 0.2
    assert not changed[:, round(float(mesh[4, 0])) + 60 :].any()
