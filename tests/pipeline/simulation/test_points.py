"""The file of points: what it holds, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import InputError
from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.simulation.points import (
    NAMED,
    SETS,
    PlacedPoints,
    checked,
    mean_points,
    proposed,
    read_points,
    scatter_of,
    written_points,
)
from tests.pipeline.heads import SIDE, Head

SIZE = (640, 480)
HEAD = "version = 1\n[picture]\nwidth = 640\nheight = 480\n[points]\n"


def read(text: str) -> PlacedPoints:
    return read_points((HEAD + text).encode(), SIZE)


def refusal(data: bytes) -> str:
    with pytest.raises(InputError) as caught:
        read_points(data, SIZE)
    assert caught.value.hint
    return caught.value.message


def test_sets_have_the_points_that_handles_ask_for() -> None:
    assert {NAMED[name].index for name in SETS["nose"]} == {168, 1, 2, 129, 358}
    assert SETS["nose"] < SETS["face"]
    assert (len(SETS["face"]), len(SETS["brows"])) == (14, 6)


def test_left_points_mirror_the_right_ones(canonical: Canonical) -> None:
    for name, point in NAMED.items():
        mirrored = canonical.mirror[point.index]
        other = NAMED[name.replace("right-", "left-")] if point.side == "right" else None
        assert mirrored == (other.index if other else mirrored)
        if point.side == "middle":
            assert mirrored == point.index


places = st.dictionaries(
    st.sampled_from(sorted(name for name in NAMED if NAMED[name].side == "middle")),
    st.tuples(st.integers(0, 639), st.integers(0, 479)),
    min_size=1,
)


@given(places)
def test_what_is_written_is_read_again(chosen: Mapping[str, tuple[int, int]]) -> None:
    apart = {at: name for name, at in chosen.items()}
    points = PlacedPoints(SIZE, {name: (float(at[0]), float(at[1])) for at, name in apart.items()})
    assert read_points(written_points(points), SIZE) == points


@given(st.binary(max_size=200))
def test_no_file_does_more_than_be_refused(data: bytes) -> None:
    refusal(data)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("nasion = [1, 2]\nnasion = [3, 4]", "twice"),
        ("nasion = [nan, 2]", "nasion lies outside"),
        ("nasion = [inf, 2]", "nasion lies outside"),
        ("nasion = [-1, 2]", "nasion lies outside"),
        ("nasion = [639.5, 2]", "nasion lies outside"),
        ("nasion = [1, 480]", "nasion lies outside"),
        ("nasion = [1, 2, 3]", "not as it must be"),
        ("nasion = [true, 2]", "not as it must be"),
        ("nasion = '1, 2'", "not as it must be"),
        ("doe = [1, 2]", "a name that is not known"),
        ("", "holds no points"),
        ("nasion = [5, 5]\nsubnasale = [5.5, 5.5]", "at the same place"),
        (
            "nasion = [9, 9]\nsubnasale = [9, 99]\nright-alare = [12, 80]\nleft-alare = [8, 80]",
            "mixed up",
        ),
    ],
)
def test_refused(text: str, what: str) -> None:
    message = refusal((HEAD + text).encode())
    assert what in message
    assert "doe" not in message  # whatever stands in a file may be a person's name


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("640", "641", "another size"),
        ("version = 1", "version = 2", "another version"),
        ("version = 1", "version = 1\nname = 'doe'", "not as it must be"),
        ("height = 480", "height = 480.0", "not as it must be"),
    ],
)
def test_refused_heads(old: str, new: str, what: str) -> None:
    assert what in refusal((HEAD.replace(old, new) + "nasion = [1, 2]").encode())


def test_a_huge_file_is_not_parsed() -> None:
    assert "larger" in refusal(b"#" * 70_000)


def test_nests_are_refused() -> None:
    assert "not as it must be" in refusal(b"a = " + b"[" * 60_000)


def test_a_hidden_half_is_neither_proposed_nor_needed(
    faces: Mapping[str, Face], photos: Mapping[str, Photo]
) -> None:
    canvas = photos["b_1"].canvas
    size = (canvas.width, canvas.height)
    front = proposed(faces["b_1"].mesh, size, 0.0)
    assert front.places.keys() == NAMED.keys()
    assert front.complete(0.0) == SETS.keys()
    nose = {name: at for name, at in front.places.items() if name in SETS["nose"]}
    assert PlacedPoints(size, nose).complete(0.0) == {"nose"}
    towards_left = proposed(faces["b_1"].mesh, size, 62.0)
    away = {name for name, point in NAMED.items() if point.side == "left"}
    assert towards_left.places.keys() & away == {"left-brow-inner"}
    assert not towards_left.missing("face", 62.0)
    assert not towards_left.missing("nose", 25.0)
    assert "left-alare" in towards_left.missing("nose", 15.0)
    assert "left-exocanthion" in towards_left.missing("face", 40.0)
    assert "left-exocanthion" in towards_left.missing("face", -62.0)


def test_the_mean_of_points_is_of_those_that_all_have() -> None:
    one = PlacedPoints((9, 9), {"nasion": (1.0, 2.0), "rhinion": (3.0, 4.0)})
    other = PlacedPoints((9, 9), {"rhinion": (5.0, 4.0), "menton": (3.0, 8.0)})
    assert mean_points([one, other]).places == {"rhinion": (4.0, 4.0)}
    assert mean_points([one]) == one


def test_the_scatter_is_that_of_the_points() -> None:
    random = np.random.default_rng(3)
    names = sorted(NAMED)
    sets = [
        PlacedPoints((99, 99), dict(zip(names, random.normal(50, 4, (len(names), 2)), strict=True)))
        for _ in range(6)
    ]
    assert scatter_of(sets) == pytest.approx(4, rel=0.1)
    assert scatter_of(sets[:1]) == 0


def test_proposals_lie_on_the_mesh_and_in_the_picture(faces: Mapping[str, Face]) -> None:
    mesh = faces["b_1"].mesh
    cut = proposed(mesh, (10_000, int(mesh[152, 1])), 0.0)
    assert "menton" not in cut.places
    assert np.allclose(cut.places["nasion"], mesh[168, :2], atol=0.06)


@pytest.mark.parametrize("yaw", [0, 60, 88, -88])
def test_what_is_proposed_can_be_read(truth: Head, yaw: int) -> None:
    """In profile some landmarks coincide, as two that a file may not hold."""
    points = proposed(truth.render(yaw).face.mesh, (SIDE, SIDE), yaw)
    assert read_points(written_points(points), (SIDE, SIDE)).places.keys() == points.places.keys()
    assert len(points.places) >= 8


def test_points_without_a_file_are_checked_alike() -> None:
    places = {"nasion": (100.0, 100.0), "pronasale": (100.0, 140.0)}
    assert checked(places, SIZE).places == places
    with pytest.raises(InputError, match="outside"):
        checked({"nasion": (SIZE[0] + 1.0, 10.0)}, SIZE)
    with pytest.raises(InputError, match="same place"):
        checked(places | {"glabella": (100.2, 100.0)}, SIZE)
    with pytest.raises(InputError, match="not known"):
        checked({"elbow": (1.0, 1.0)}, SIZE)
