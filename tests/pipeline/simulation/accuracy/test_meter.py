"""What a later photo tells of an operation, on rendered heads that were operated on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest

from appliance.errors import HandleError
from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.run import SourceIdentity
from appliance.pipeline.simulation.accuracy.achieved import Accuracy, Asked
from appliance.pipeline.simulation.accuracy.meter import AccuracyMeter, Sight
from appliance.pipeline.simulation.points import PlacedPoints, mean_points
from appliance.pipeline.simulation.scale import Scale
from appliance.pipeline.simulation.view import ViewEstimator
from tests.pipeline.pictures import mesh_source
from tests.pipeline.simulation.later import Operated, Stand

Values = Mapping[str, float]
Pair = tuple[Sight, Sight]
TURN = 6.0


@pytest.fixture(scope="module")
def head(canonical: Canonical, sources: Mapping[str, SourceIdentity]) -> Operated:
    return Operated(canonical, mesh_source(sources["d_1"]))


@pytest.fixture(scope="module")
def meter(canonical: Canonical) -> AccuracyMeter:
    return AccuracyMeter(canonical)


@pytest.fixture(scope="module")
def pair(canonical: Canonical, head: Operated) -> Callable[..., Pair]:
    """Photos before and after, with points set ``sets`` times with a ``noise`` in mm."""
    views = ViewEstimator(canonical)

    def pair(
        yaw: float,
        values: Values,
        *,
        turn: float = TURN,
        noise: float = 0.0,
        draw: int = 0,
        sets: int = 1,
    ) -> Pair:
        first = Stand(yaw)
        then = first.turned(turn)
        placed = [
            mean_points(
                [head.points(stand, done, noise, [draw, number, one]) for one in range(sets)]
            )
            for number, (stand, done) in enumerate(((first, {}), (then, values)))
        ]
        scale = Scale(first.mm, 0.0, "length")
        return (
            Sight(views.view(head.mesh(first), first.size, scale), placed[0], sets=sets),
            Sight(views.view(head.mesh(then, values), then.size), placed[1], sets=sets),
        )

    return pair


def wished(values: Values) -> dict[str, Asked]:
    return {name: Asked(value, value) for name, value in values.items()}


def without(sight: Sight, *names: str) -> Sight:
    points = sight.points
    left = {name: at for name, at in points.places.items() if name not in names}
    return replace(sight, points=PlacedPoints(points.size, left))


def achieved(found: Accuracy) -> dict[str, float]:
    return {one.name: one.value for one in found.achieved}


@pytest.mark.parametrize(
    ("yaw", "values"),
    [
        (0, {"alar-width": -3}),
        (0, {"chin-height": 3, "brow-height": 2}),
        (40, {"tip-projection": -3, "hump": -2}),
        (75, {"hump": -3, "chin-projection": 5}),
        (-75, {"radix": 2, "tip-projection": 2}),
    ],
)
def test_true_points_tell_what_was_done(
    meter: AccuracyMeter, pair: Callable[..., Pair], yaw: float, values: Values
) -> None:
    found = meter.compare(*pair(yaw, values), wished(values))
    assert achieved(found) == pytest.approx(values, abs=0.35)
    assert found.turned == pytest.approx(7, abs=2)
    assert found.misfit < 0.6
    assert all(one.agrees for one in found.achieved)


def test_less_than_wished_is_seen_as_less(meter: AccuracyMeter, pair: Callable[..., Pair]) -> None:
    (one,) = meter.compare(*pair(75, {"hump": -1}), {"hump": Asked(-5, -6)}).achieved
    assert one.value == pytest.approx(-1, abs=0.3)
    assert one.deviation == pytest.approx(5, abs=0.3)
    assert not one.agrees
    assert not one.is_within


def test_nothing_done_is_nothing_achieved(meter: AccuracyMeter, pair: Callable[..., Pair]) -> None:
    asked = wished({"alar-width": -4, "nose-deviation": 3})
    assert achieved(meter.compare(*pair(0, {}), asked)) == pytest.approx(
        {"alar-width": 0, "nose-deviation": 0}, abs=0.35
    )


def test_errors_are_as_large_as_they_are_stated(
    meter: AccuracyMeter, pair: Callable[..., Pair]
) -> None:
    off = []
    for yaw, values in ((0, {"alar-width": -3, "chin-height": 3}), (75, {"hump": -3})):
        for draw in range(12):
            found = meter.compare(*pair(yaw, values, noise=0.7, draw=draw), wished(values))
            off += [(one.value - values[one.name]) / one.error for one in found.achieved]
    share = np.abs(off)
    assert 0.5 <= (share < 1).mean() <= 0.9
    assert (share < 2).mean() >= 0.88


def test_points_that_are_set_again_make_it_surer(
    meter: AccuracyMeter, pair: Callable[..., Pair]
) -> None:
    errors = [
        meter.compare(
            *pair(0, {"alar-width": -3}, noise=0.7, sets=sets), {"alar-width": Asked(-3, -3)}
        )
        .achieved[0]
        .error
        for sets in (1, 4)
    ]
    assert errors[1] < 0.6 * errors[0]


def test_points_that_scatter_more_than_is_assumed_are_less_sure(
    meter: AccuracyMeter, pair: Callable[..., Pair]
) -> None:
    asked = wished({"alar-width": -3})
    sights = pair(0, {"alar-width": -3}, noise=0.7, sets=4)
    (calm,) = meter.compare(*sights, asked).achieved
    before, later = (replace(sight, scatter=1.4) for sight in sights)
    (restless,) = meter.compare(before, later, asked).achieved
    assert restless.error > 1.6 * calm.error


def test_the_error_of_the_scale_counts(meter: AccuracyMeter, pair: Callable[..., Pair]) -> None:
    before, later = pair(0, {"jaw-width": -8})
    asked = wished({"jaw-width": -8})
    (sure,) = meter.compare(before, later, asked).achieved
    scale = replace(before.view.scale, error=0.1)
    unsure_before = replace(before, view=replace(before.view, scale=scale))
    (unsure,) = meter.compare(unsure_before, later, asked).achieved
    assert unsure.error == pytest.approx(np.hypot(sure.error, 0.8), abs=0.05)


def test_what_a_view_does_not_show_is_not_told(
    meter: AccuracyMeter, pair: Callable[..., Pair]
) -> None:
    asked = wished({"tip-projection": 3, "alar-width": -3, "cheek": 2})
    found = meter.compare(*pair(0, {"tip-projection": 3, "alar-width": -3}), asked)
    assert [*achieved(found)] == ["alar-width"]
    assert "tell it to" in found.unmeasured["tip-projection"]
    assert "no point" in found.unmeasured["cheek"]


def test_points_that_the_network_set_tell_nothing(
    meter: AccuracyMeter, pair: Callable[..., Pair]
) -> None:
    before, later = pair(0, {"alar-width": -3})
    left = replace(later, untouched=frozenset({"left-alare"}))
    with pytest.raises(HandleError, match="network proposed"):
        meter.compare(before, left, wished({"alar-width": -3}))


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda later: without(later, "menton"), "menton"),
        (lambda later: replace(later, mouth_gap=0.2), "mouth is open"),
        (
            lambda later: without(
                later, *(later.points.places.keys() - {"menton", "pogonion", "nasion", "glabella"})
            ),
            "Too few points",
        ),
    ],
)
def test_pairs_that_tell_nothing_are_refused(
    meter: AccuracyMeter, pair: Callable[..., Pair], spoil: Callable[[Sight], Sight], says: str
) -> None:
    before, later = pair(0, {"chin-height": 3})
    asked = wished({"chin-height": 3})
    assert meter.compare(before, later, asked).achieved
    with pytest.raises(HandleError, match=says):
        meter.compare(before, spoil(later), asked)


def test_another_view_is_refused(meter: AccuracyMeter, pair: Callable[..., Pair]) -> None:
    with pytest.raises(HandleError, match="turned otherwise"):
        meter.compare(*pair(0, {"chin-height": 3}, turn=22), wished({"chin-height": 3}))


def test_a_move_that_no_handle_explains_is_refused(
    meter: AccuracyMeter, pair: Callable[..., Pair]
) -> None:
    """An eye's corner that was set at the brow."""
    before, later = pair(0, {"alar-width": -3})
    places = dict(later.points.places)
    places["right-exocanthion"] = places["right-brow-outer"]
    places.pop("right-brow-outer")
    wrong = replace(later, points=PlacedPoints(later.points.size, places))
    with pytest.raises(HandleError, match="do not fit one head"):
        meter.compare(before, wrong, wished({"alar-width": -3}))
