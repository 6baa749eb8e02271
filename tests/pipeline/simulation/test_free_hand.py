"""Drags: they do what they say, near themselves alone, and nothing folds."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import HandleError
from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.types import Float
from appliance.pipeline.media.canvas import Box
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.simulation.field import WarpField, jacobian
from appliance.pipeline.simulation.free_hand import APART, LONGEST, REACH, Drag, carried, dragged
from appliance.pipeline.simulation.simulator import Simulator
from appliance.pipeline.simulation.view import ViewEstimator
from tests.pipeline.heads import Head
from tests.pipeline.simulation.displacement import KNOWN, SIZE

MM = 0.7
TIP = (240.0, 240.0)


def over_picture(field: WarpField) -> Float:
    """(480, 480, 2) pixels."""
    return field.over(Box(0, 0, *SIZE))[0]


def least(field: WarpField) -> float:
    return float(jacobian(field.shift, float(field.grid.matrix[0, 0])).min())


def at(field: WarpField, place: tuple[float, float]) -> Float:
    return np.asarray(over_picture(field)[round(place[1]), round(place[0])], np.float32)


coordinates = st.tuples(st.floats(60, 420), st.floats(60, 420))
moves = st.tuples(st.floats(-0.7, 0.7), st.floats(-0.7, 0.7))


@st.composite
def several_drags(draw: st.DrawFn) -> list[Drag]:
    found: list[Drag] = []
    for start, (right, down) in draw(
        st.lists(st.tuples(coordinates, moves), min_size=1, max_size=8)
    ):
        one = Drag.by_mm(start, (right * LONGEST, down * LONGEST), MM)
        if all(
            np.hypot(*np.subtract(a, b)) >= APART / MM
            for other in found
            for a, b in ((one.start, other.start), (one.end, other.end))
        ):
            found.append(one)
    return found


def test_a_place_lies_where_it_was_dragged() -> None:
    drag = Drag.by_mm(TIP, (-4.2, 2.1), MM)
    assert drag.end == pytest.approx((234, 243))
    field = dragged(None, [drag], MM, SIZE)
    assert np.allclose(at(field, drag.end), [-6, 3], atol=0.35)
    assert field.share == 1


@given(several_drags())
def test_places_are_carried_as_the_picture_is(drags: list[Drag]) -> None:
    field = dragged(None, drags, MM, SIZE)
    starts = np.array([drag.start for drag in drags], np.float32)
    lies = carried(starts, field)
    came = lies - images.remapped(over_picture(field), lies[None])[0]
    assert np.abs(came - starts).max() < 0.5


def test_nothing_moves_beyond_the_reach() -> None:
    drag = Drag.by_mm(TIP, (3, 0), MM)
    shift = over_picture(dragged(None, [drag], MM, SIZE))
    rows, columns = np.nonzero(np.abs(shift).max(axis=2))
    far = np.hypot(columns - drag.end[0], rows - drag.end[1]).max() * MM
    assert 0.6 * REACH < far < REACH + 2


def test_a_pin_holds_its_place() -> None:
    drag, pin = Drag.by_mm(TIP, (0, 4), MM), Drag((250, 240), (250, 240))
    loose, held = (dragged(None, drags, MM, SIZE) for drags in ([drag], [drag, pin]))
    assert np.hypot(*at(loose, pin.end)) > 1.2
    assert np.hypot(*at(held, pin.end)) < 0.5


def test_what_lies_between_two_drags_turns_with_them() -> None:
    """A similarity would also grow; affinely it would shear."""
    left, right = Drag((230, 240), (230, 234)), Drag((250, 240), (250, 246))
    shift = over_picture(dragged(None, [left, right], MM, SIZE))
    assert np.hypot(*shift[240, 240]) < 0.5
    above = shift[234, 240]  # a quarter turn from the drags, clockwise
    assert above[0] > 0.7
    assert abs(above[1]) < 1


@given(several_drags())
def test_no_drags_fold(drags: list[Drag]) -> None:
    field = dragged(None, drags, MM, SIZE)
    assert least(field) >= 0.25
    assert 0 < field.share <= 1
    assert np.isfinite(field.shift).all()


def test_crossing_drags_are_made_in_part() -> None:
    drags = [Drag((238, 240), (248, 240)), Drag((248, 241), (238, 241))]
    field = dragged(None, drags, MM, SIZE)
    assert least(field) >= 0.25


@pytest.mark.parametrize(
    ("drags", "what"),
    [
        ([Drag((10, 10), (480, 10))], "outside"),
        ([Drag((np.nan, 10), (10, 10))], "outside"),
        ([Drag((10, 10), (40, 10))], "longer"),
        ([Drag((10, 10), (12, 10)), Drag((14, 10), (12.5, 10))], "apart"),
        ([Drag((10, 10), (12, 10)), Drag((10, 10), (12, 20))], "apart"),
        ([Drag((n, 10), (n, 12)) for n in range(65)], "more than"),
    ],
)
def test_refused(drags: list[Drag], what: str) -> None:
    with pytest.raises(HandleError, match=what):
        dragged(None, drags, MM, SIZE)


def test_drags_join_the_handles(canonical: Canonical, heads: Mapping[str, Head]) -> None:
    """On top of them: a place that a handle moves and a drag moves again lies at the end of both.

    And what neither reaches is the very same picture.
    """
    head, simulator = heads["e_1"], Simulator(canonical)
    picture = head.render(60).image
    view = ViewEstimator(canonical).view(head.mesh(60), SIZE, KNOWN)
    values = {"tip-projection": 4.0}
    handle = Photo(picture.copy())
    by_handle = simulator.simulate(handle.canvas, view, values)
    tip = head.mesh(60)[4, :2]
    drag = Drag.by_mm((float(tip[0]), float(tip[1])), (0, -5), view.scale.mm)
    both = Photo(picture.copy())
    done = simulator.simulate(both.canvas, view, values, [drag])
    then = Photo(handle.pixels.copy())
    simulator.simulate(then.canvas, view, {}, [drag])
    assert done.share == 1
    lifted = (done.mesh - by_handle.mesh)[4, :2] * view.scale.mm
    assert lifted[1] < -3
    assert abs(lifted[0]) < 1
    gap = np.abs(both.pixels.astype(int) - then.pixels).mean(axis=2)
    assert gap.max() < 40  # interpolated once, and not twice
    assert gap[gap > 0].mean() < 3
    changed = (both.pixels != picture).any(axis=2)
    assert changed.mean() < 0.15
    assert np.array_equal(both.pixels[~changed], picture[~changed])
    assert not changed[:100].any()
    assert not changed[400:].any()
