"""Points set by hand: what handles do on rendered heads whose true mesh is known."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.errors import InputError
from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.imaging.types import Float
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.simulation.bending import MeshBender
from appliance.pipeline.simulation.points import PlacedPoints, proposed
from appliance.pipeline.simulation.view import ViewEstimator
from tests.pipeline.heads import Head
from tests.pipeline.simulation.displacement import (
    KNOWN,
    MM,
    SIZE,
    DisplacementMeter,
    set_by_hand,
)

HUMP = {"hump": 3.0}


@pytest.fixture(scope="module")
def bender(canonical: Canonical) -> MeshBender:
    return MeshBender(canonical)


@pytest.fixture(scope="module")
def oblique(pipeline: Pipeline, heads: Mapping[str, Head]) -> Float:
    """The network's mesh of a head that is turned by 40 degrees."""
    picture = heads["e_1"].render(40, noise=40).image
    return pipeline.analyser.faces(Photo(picture).canvas)[0].mesh


def test_five_points_of_the_nose_double_what_a_tip_does(
    canonical: Canonical,
    bender: MeshBender,
    meter: DisplacementMeter,
    heads: Mapping[str, Head],
    oblique: Float,
) -> None:
    tip = {"tip-projection": 4.0}
    network = ViewEstimator(canonical).view(oblique, SIZE, KNOWN)
    before = meter.measure(heads["e_1"], 40, network, tip)
    points = set_by_hand(heads["e_1"], 40, ("nose",), 0)
    after = meter.measure(heads["e_1"], 40, bender.view(points, oblique, KNOWN), tip)
    assert before.gain < 0.75
    assert after.gain > 0.8
    assert after.mean < 0.6 * before.mean


def test_points_of_the_nose_leave_the_chin(
    bender: MeshBender, heads: Mapping[str, Head], oblique: Float
) -> None:
    points = set_by_hand(heads["e_1"], 40, ("nose",), 0)
    here = {name: (x, y) for name, (x, y) in points.places.items()}
    there = {name: (x + 4 / MM, y) for name, (x, y) in points.places.items()}
    apart = (
        bender.view(PlacedPoints(SIZE, there), oblique, KNOWN).mesh
        - bender.view(PlacedPoints(SIZE, here), oblique, KNOWN).mesh
    )
    shift = np.abs(apart[:, :2]).max(axis=1) * MM
    assert shift[1] > 2.5
    assert shift[[152, 172, 397]].max() < 0.35 * shift[1]


@pytest.mark.parametrize("yaw", [60, 75, 88, -88])
def test_points_alone_carry_a_profile(
    yaw: int, bender: MeshBender, meter: DisplacementMeter, heads: Mapping[str, Head]
) -> None:
    for head in heads.values():
        view = bender.view(set_by_hand(head, yaw, ("face", "brows"), 0), None, KNOWN)
        assert view.yaw == pytest.approx(yaw, abs=12)
        done = meter.measure(head, yaw, view, HUMP)
        assert done.gain == pytest.approx(1, abs=0.2)
        assert done.mean < 0.25


def test_a_pose_is_found_from_the_wrong_side(bender: MeshBender, heads: Mapping[str, Head]) -> None:
    """From a frontal start alone some profiles end at 13 degrees."""
    for head in heads.values():
        for draw in range(6):
            for yaw in (-75, 88):
                view = bender.view(set_by_hand(head, yaw, ("face",), draw), None)
                assert view.yaw == pytest.approx(yaw, abs=14)


def test_depth_is_that_of_the_posed_shape(
    bender: MeshBender, heads: Mapping[str, Head], oblique: Float
) -> None:
    true = heads["e_1"].mesh(40)
    points = set_by_hand(heads["e_1"], 40, ("face",), 0)
    found = bender.view(points, oblique, KNOWN).mesh

    def off(mesh: Float) -> float:
        gap = (mesh - true)[:468, 2]
        return float(np.std(gap) * MM)

    assert off(found) < 0.7 * off(oblique)


def test_shape_and_mesh_are_the_same_face(
    bender: MeshBender, heads: Mapping[str, Head], oblique: Float
) -> None:
    view = bender.view(set_by_hand(heads["e_1"], 40, ("face",), 0), oblique, KNOWN)
    moved = view.moved(np.full_like(view.shape, [0, 0, 1]))
    assert np.allclose(
        np.hypot(*(moved - view.mesh)[:, :2].T) * MM, np.sin(np.radians(40)), atol=0.15
    )
    assert np.allclose(view.shape[152] - view.shape[10], [0, -165, 0], atol=25)


def test_points_where_the_mesh_lies_change_little(
    bender: MeshBender, faces: Mapping[str, Face], photos: Mapping[str, Photo]
) -> None:
    mesh, canvas = faces["b_1"].mesh, photos["b_1"].canvas
    points = proposed(mesh, (canvas.width, canvas.height), 0.0)
    view = bender.view(points, mesh)
    off = np.hypot(*(view.mesh - mesh)[points.indices, :2].T) * view.scale.mm
    assert off.max() < 0.5
    assert view.scale.by == "iris"


def test_too_few_points_without_a_face(bender: MeshBender, heads: Mapping[str, Head]) -> None:
    with pytest.raises(InputError, match="too few"):
        bender.view(set_by_hand(heads["e_1"], 88, ("nose",), 0), None)


def test_one_half_does_not_tell_how_far_a_head_is_turned(
    bender: MeshBender, heads: Mapping[str, Head]
) -> None:
    """At 60 degrees it would be read as 40."""
    points = set_by_hand(heads["e_1"], 60, ("face",), 0)
    with pytest.raises(InputError, match="one half"):
        bender.view(points, None)
    more = set_by_hand(heads["e_1"], 60, ("face", "brows"), 0)
    assert bender.view(more, None).yaw == pytest.approx(60, abs=12)


@pytest.mark.parametrize("alone", [True, False])
def test_exchanged_points_are_refused(
    alone: bool, bender: MeshBender, heads: Mapping[str, Head], oblique: Float
) -> None:
    places = dict(set_by_hand(heads["e_1"], 40, ("face",), 0).places)
    places["menton"], places["nasion"] = places["nasion"], places["menton"]
    with pytest.raises(InputError, match="do not fit a face"):
        bender.view(PlacedPoints(SIZE, places), None if alone else oblique)


@given(
    yaw=st.sampled_from([0, 20, -40, 60, 75, 88]),
    draw=st.integers(0, 1000),
)
@settings(max_examples=12)
def test_nothing_folds_on_points_alone(
    yaw: int,
    draw: int,
    bender: MeshBender,
    meter: DisplacementMeter,
    heads: Mapping[str, Head],
) -> None:
    view = bender.view(set_by_hand(heads["d_1"], yaw, ("face", "brows"), draw), None)
    values = {"tip-projection": 4, "tip-rotation": 12, "hump": -3, "chin-projection": 6}
    assert meter.least_jacobian(view, values) >= 0.25
