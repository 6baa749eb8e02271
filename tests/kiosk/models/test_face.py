"""The face: found, chosen, its points set by hand."""

from __future__ import annotations

from typing import cast

import pytest

from appliance.kiosk.models.face import Face
from appliance.kiosk.visit.state import Screen
from appliance.protocols import worker_api
from tests.kiosk.models.standins import Bench, acts, error, handle, handles

LEFT = worker_api.Face(0.0, 200.0, 100.0, 120.0, 0.9)
BETWEEN = worker_api.Face(300.0, 200.0, 90.0, 110.0, 0.9)
LARGEST = worker_api.Face(500.0, 400.0, 400.0, 500.0, 0.9)
RIGHT = worker_api.Face(920.0, 200.0, 50.0, 60.0, 0.9)
PROPOSED = worker_api.ProposedPoints(
    {
        "nasion": worker_api.Place(600.0, 500.0),
        "pronasale": worker_api.Place(610.0, 700.0),
        "gonion": worker_api.Place(700.0, 900.0),
    },
    3.0,
    True,
)


@pytest.fixture
def face(bench: Bench) -> Face:
    bench.photo()
    bench.answers.by_method |= {
        "View": worker_api.Viewed(1000, 2000),
        "Inspect": worker_api.Faces([LARGEST, LEFT, BETWEEN, RIGHT]),
        "ProposePoints": PROPOSED,
        "Handles": handles(handle("hump", ("nasion", "pronasale")), handle("cheek")),
    }
    bench.at(Screen.FACE)
    return Face(bench.shared)


def nobody(bench: Bench) -> None:
    bench.answers.by_method["Inspect"] = worker_api.Faces([])


def test_faces_are_boxes_in_shares_of_the_photo_and_the_largest_is_meant(
    bench: Bench, face: Face
) -> None:
    acts(face, "load")
    assert [(one.number, one.name) for one in face.state.boxes] == [
        (1, "largest"),
        (2, "left"),
        (3, "between"),
        (4, "right"),
    ]
    box = face.state.boxes[0]
    assert (box.x, box.y, box.width, box.height) == (0.5, 0.2, 0.4, 0.25)
    assert face.state.chosen == bench.shared.visit.wish.face == 1
    assert not face.state.looking
    assert bench.shared.visit.wish.middle == pytest.approx((0.7, 0.325, 0.25))


def test_the_only_face_is_called_so(bench: Bench, face: Face) -> None:
    bench.answers.by_method["Inspect"] = worker_api.Faces([LEFT])
    acts(face, "load")
    assert [one.name for one in face.state.boxes] == ["only"]


def test_another_face_has_no_points_of_the_first(bench: Bench, face: Face) -> None:
    acts(face, "load")
    acts(face, "propose")
    acts(face, "choose", 2)
    assert bench.shared.visit.wish.face == 2
    assert bench.shared.visit.wish.points == {}
    assert face.state.points == []
    assert bench.shared.visit.wish.middle == pytest.approx((0.05, 0.13, 0.06))
    acts(face, "choose", 3)  # also one between others
    acts(face, "choose", 9)
    assert face.state.chosen == 3


def test_only_points_that_a_handle_asks_for_are_shown(bench: Bench, face: Face) -> None:
    acts(face, "load")
    acts(face, "propose")
    assert face.state.points == ["nasion", "pronasale"]
    assert bench.shared.visit.wish.points.keys() == {"nasion", "pronasale"}
    (wanted,) = bench.answers.of("ProposePoints")
    assert (wanted.face, wanted.yaw) == (1, None)
    assert "fine" in bench.pictures.shown


def test_all_points_are_shown_where_no_handle_says_which(bench: Bench, face: Face) -> None:
    bench.answers.by_method["Handles"] = handles(handle("cheek"))
    acts(face, "load")
    acts(face, "propose")
    assert len(face.state.points) == 3


def test_without_a_face_a_standard_one_is_turned_as_the_view_is(bench: Bench, face: Face) -> None:
    nobody(bench)
    acts(face, "load")
    assert not face.state.found
    assert bench.answers.of("ProposePoints") == []  # the view is not known
    acts(face, "turn", "profile-left")
    acts(face, "turn", "somewhere")
    assert [one.yaw for one in bench.answers.of("ProposePoints")] == [-90.0]
    assert face.state.with_points


def test_a_finger_holds_the_nearest_point_within_reach_and_pulls_it(
    bench: Bench, face: Face
) -> None:
    acts(face, "load")
    acts(face, "propose")
    acts(face, "touch", 0.60, 0.345, 0.03, 0.03)  # pronasale is at 0.61, 0.35
    assert (face.state.point, face.state.held) == ("pronasale", True)
    acts(face, "pull", 0.02, -0.01)
    acts(face, "pull", 0.03, -0.02)  # of the place where the finger began
    assert bench.shared.visit.wish.points["pronasale"] == pytest.approx((640.0, 660.0))
    acts(face, "let_go")
    acts(face, "pull", 0.5, 0.5)
    assert bench.shared.visit.wish.points["pronasale"] == pytest.approx((640.0, 660.0))
    assert face.state.places["pronasale"].x == pytest.approx(0.64)
    assert face.state.points == ["nasion", "pronasale"]  # what a finger is on is not replaced


def test_a_finger_beyond_reach_holds_nothing(bench: Bench, face: Face) -> None:
    acts(face, "load")
    acts(face, "propose")
    acts(face, "touch", 0.1, 0.1, 0.03, 0.03)
    acts(face, "pull", 0.1, 0.1)
    assert not face.state.held
    assert bench.shared.visit.wish.points["pronasale"] == (610.0, 700.0)


def test_keys_move_by_a_pixel_of_the_photo_and_each_can_be_undone(bench: Bench, face: Face) -> None:
    acts(face, "load")
    acts(face, "propose")
    acts(face, "nudge", "nasion", 1, 0)
    acts(face, "nudge", "nasion", 0, -1)
    places = bench.shared.visit.wish.points
    assert places["nasion"] == pytest.approx((601.0, 499.0))
    acts(face, "undo")
    assert places["nasion"] == pytest.approx((601.0, 500.0))
    acts(face, "undo")
    assert places["nasion"] == pytest.approx((600.0, 500.0))
    assert not face.state.can_undo
    acts(face, "undo")
    acts(face, "nudge", "menton", 1, 1)
    assert places.keys() == {"nasion", "pronasale"}


def test_one_pull_is_one_move_to_undo(bench: Bench, face: Face) -> None:
    acts(face, "load")
    acts(face, "propose")
    acts(face, "touch", 0.61, 0.35, 0.03, 0.03)
    for far in (0.01, 0.02, 0.03):
        acts(face, "pull", far, far)
    acts(face, "let_go")
    acts(face, "undo")
    assert bench.shared.visit.wish.points["pronasale"] == (610.0, 700.0)
    assert not face.state.can_undo


def test_a_point_stays_on_the_photo(bench: Bench, face: Face) -> None:
    acts(face, "load")
    acts(face, "propose")
    acts(face, "move", "nasion", -1.0, 7.0)
    assert bench.shared.visit.wish.points["nasion"] == (0.0, 2000.0)


def test_what_the_network_found_can_be_gone_back_to(bench: Bench, face: Face) -> None:
    acts(face, "load")
    acts(face, "propose")
    acts(face, "drop_points")
    assert (face.state.with_points, face.state.points) == (False, [])
    assert bench.shared.visit.wish.points == {}


def test_nobody_goes_on_without_a_face(bench: Bench, face: Face) -> None:
    nobody(bench)
    acts(face, "load")
    acts(face, "accept")
    assert bench.screen is Screen.FACE
    acts(face, "turn", "front")
    acts(face, "accept")
    assert cast(Screen, bench.screen) is Screen.CHANGES


def test_a_refusal_is_said(bench: Bench, face: Face) -> None:
    bench.answers.by_method["Inspect"] = error("NoSuchItem")
    acts(face, "load")
    assert bench.refused == "no-such-item"


def test_the_visit_keeps_what_the_screen_forgets(bench: Bench, face: Face) -> None:
    acts(face, "load")
    acts(face, "propose")
    face.forget()
    assert face.state == Face(bench.shared).state
    acts(face, "load")
    assert face.state.with_points
    assert face.state.points == ["nasion", "pronasale"]
