"""Measures a face before and after a simulation, each value with its error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from appliance.pipeline.imaging.types import Float
from appliance.pipeline.simulation.measuring.figures import Path, Place, Places, middle, midline
from appliance.pipeline.simulation.measuring.landmarks import LANDMARKS, NOT_PROPOSED
from appliance.pipeline.simulation.measuring.measures import MEASURES, Measure, Side, Unit
from appliance.pipeline.simulation.measuring.scatter import BY_HAND, SCATTER
from appliance.pipeline.simulation.view import View

HandPoints: TypeAlias = Mapping[int, tuple[float, float]]
"""Points set by hand: by mesh point, x and y in pixels of the picture."""

FRONT, LEVEL = 10.0, 15.0
"""Degrees of yaw and of pitch up to which a view counts as from the front."""
PROFILE = 75.0
"""Degrees of yaw from which a view counts as a profile."""
TURN_ERROR = 2.0
"""Degrees that yaw and pitch may be wrong by, one standard deviation.

On rendered heads turned by up to 8 degrees yaw is wrong by 1.1 (``tests/bench/repeatability.py``);
on photographs there is no truth to compare with.
"""

_E_LINE = ("pronasale", "pogonion")
_THIRDS = ("glabella", "subnasale", "menton")
_FIFTHS = (
    "right outline", "right exocanthion", "right endocanthion",
    "left endocanthion", "left exocanthion", "left outline",
)  # fmt: skip
_BEYOND = 0.15  # of their length that lines are drawn further

_STEP = 0.05  # mm, of the differences that stand for derivatives


@dataclass(frozen=True, slots=True)
class Reading:
    """One measure of one photo.

    ``before`` and ``after`` (``None`` where nothing was simulated): in ``unit``. ``error``: of
    either, one standard deviation, from the points' scatter, the scale and the pose.
    ``change_error``: of the difference, in which the same points' scatter cancels.
    ``repeatability``: the part of ``error`` that comes from the points. ``by_hand``: whether all
    its points were set by hand.
    """

    name: str
    unit: Unit
    before: float
    error: float
    repeatability: float
    by_hand: bool
    after: float | None = None
    change_error: float = 0.0

    @property
    def change(self) -> float | None:
        """After less before."""
        return None if self.after is None else self.after - self.before


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a measure is not taken of a photo."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Measurement:
    """``side``: the view of the photo, ``None`` between front and profile."""

    side: Side | None
    readings: tuple[Reading, ...]
    refusals: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class _Turned:
    """The landmarks of one face and how they would lie if its pose were a little different."""

    places: Places
    yawed: Places
    pitched: Places


class Measurer:
    """Takes all measures that a view shows."""

    def measure(
        self, view: View, points: HandPoints | None = None, after: Float | None = None
    ) -> Measurement:
        """Measure a face on the mesh's points, replaced by ``points`` where these are set.

        ``after``: the mesh after a simulation, (478, 3) pixels, as :meth:`View.moved` gives it. The
        same points are measured where it moved them: a network that looked for them again would
        find what it expects of a face.
        """
        points = points or {}
        side = side_of(view)
        before = _landmarks(view, view.mesh, points, side)
        later = None if after is None else _landmarks(view, after, points, side)
        readings, refusals = [], []
        for measure in MEASURES.values():
            reason = _refused(measure, view, points, side)
            if reason is None:
                readings.append(_reading(measure, view, before, later, points))
            else:
                refusals.append(Refusal(measure.name, reason))
        return Measurement(side, tuple(readings), tuple(refusals))


def side_of(view: View) -> Side | None:
    """The view that a photo is of; ``None`` for one between front and profile, or not level."""
    if abs(view.yaw) >= PROFILE:
        return "profile"
    return "front" if abs(view.yaw) <= FRONT and abs(view.pitch) <= LEVEL else None


def paths(
    view: View,
    names: tuple[str, ...],
    points: HandPoints | None = None,
    after: Float | None = None,
) -> tuple[Float, ...]:
    """The lines that show measures, each (n, 2) pixels of the picture; from the front the midline.

    ``names``: of the measures. ``after``: as for :meth:`Measurer.measure`.
    """
    mesh = view.mesh if after is None else after
    points = points or {}
    found = {name: _place(view, mesh, points, index) for name, index in _indices(view).items()}
    drawn: dict[Path, None] = {}
    for name in names:
        drawn |= dict.fromkeys(MEASURES[name].figure.paths)
    lines = [np.array([found[name] for name in path], np.float32) for path in drawn]
    if side_of(view) == "front":
        centre, down = middle(found), midline(found)
        ends = [(found[name] - centre) @ down for name in ("trichion", "menton")]
        lines.insert(0, np.array([centre + end * down for end in ends], np.float32))
    return tuple(lines)


def guides(view: View, points: HandPoints | None = None) -> tuple[Float, ...]:
    """The lines that divide a face, each (2, 2) pixels of the picture.

    From the front: across, the borders of the thirds; down, those of the fifths. In a profile the
    E-line, beyond both of its ends, where these are set by hand. In other views none.
    """
    points = points or {}
    at = _indices(view)
    found = {name: _place(view, view.mesh, points, index) for name, index in at.items()}
    side = side_of(view)
    if side == "profile":
        ends = [found[name] for name in _E_LINE]
        beyond = _BEYOND * (ends[1] - ends[0])
        line = np.array([ends[0] - beyond, ends[1] + beyond], np.float32)
        return (line,) if all(at[name] in points for name in _E_LINE) else ()
    if side is None:
        return ()
    centre, down = middle(found), midline(found)
    across = np.array([down[1], -down[0]])
    rows = [(found[name] - centre) @ down for name in _THIRDS]
    columns = [(found[name] - centre) @ across for name in _FIFTHS]
    high, low = rows[0] - _BEYOND * (rows[-1] - rows[0]), rows[-1]
    wide = max(map(abs, columns)) * (1 + _BEYOND)
    lines = [[centre + row * down + way * across for way in (-wide, wide)] for row in rows]
    lines += [[centre + way * down + column * across for way in (high, low)] for column in columns]
    return tuple(np.array(line, np.float32) for line in lines)


def _refused(measure: Measure, view: View, points: HandPoints, side: Side | None) -> str | None:
    """Why ``measure`` is not taken; ``None`` where it is."""
    if side != measure.side:
        if measure.side == "profile":
            return (
                f"It needs a profile, turned by {PROFILE:.0f}° or more; this face is turned by "
                f"{abs(view.yaw):.0f}°."
            )
        return (
            f"It needs a view from the front, within {FRONT:.0f}° of yaw and {LEVEL:.0f}° of "
            f"pitch; this face is turned by {abs(view.yaw):.0f}° and tilted by "
            f"{abs(view.pitch):.0f}°."
        )
    at = _indices(view)
    needed = {
        name
        for name in measure.figure.landmarks
        if at[name] not in points and (side == "profile" or name in NOT_PROPOSED)
    }
    if not needed:
        return None
    listed = ", ".join(name for name in at if name in needed)
    why = "no mesh is to be trusted in a profile" if side == "profile" else "the mesh lacks it"
    return f"It needs points set by hand, for {why}: {listed}."


def _reading(
    measure: Measure, view: View, before: _Turned, later: _Turned | None, points: HandPoints
) -> Reading:
    at = _indices(view)
    names = measure.figure.landmarks
    spread = {name: BY_HAND if at[name] in points else SCATTER[name] for name in names}
    value, slope, wrong = _parts(measure, before, view)
    scattered = _scatter(slope, spread)
    error = float(np.hypot(scattered, np.linalg.norm(wrong)))
    by_hand = all(at[name] in points for name in names)
    if later is None:
        return Reading(measure.name, measure.unit, value, error, scattered, by_hand)
    after, new_slope, new_wrong = _parts(measure, later, view)
    differing = {name: new_slope[name] - slope[name] for name in names}
    change_error = np.hypot(_scatter(differing, spread), np.linalg.norm(new_wrong - wrong))
    return Reading(
        measure.name, measure.unit, value, error, scattered, by_hand, after, float(change_error)
    )


def _parts(
    measure: Measure, turned: _Turned, view: View
) -> tuple[float, Mapping[str, Place], Place]:
    """A measure's value, its slope by each landmark, and what wrong scale and pose do to it.

    The slopes are (2,) in its unit per mm; the last (3,): of the scale, yaw and pitch.
    """
    figure, places = measure.figure, turned.places
    value = figure.value(places)
    grown: Places = {name: at * (1 + view.scale.error) for name, at in places.items()}
    wrong = np.array([figure.value(one) - value for one in (grown, turned.yawed, turned.pitched)])
    slope = {name: _slope(figure.value, places, name) for name in figure.landmarks}
    return value, slope, wrong


def _slope(value: Callable[[Places], float], places: Places, name: str) -> Place:
    slope = np.zeros(2)
    for axis in range(2):
        step = np.zeros(2)
        step[axis] = _STEP
        up, down = ({**places, name: places[name] + way * step} for way in (1, -1))
        slope[axis] = (value(up) - value(down)) / (2 * _STEP)
    return slope


def _scatter(slope: Mapping[str, Place], spread: Mapping[str, float]) -> float:
    """What the independent scatter of landmarks makes of a value with these slopes."""
    return float(np.sqrt(sum((spread[name] ** 2) * (way @ way) for name, way in slope.items())))


def _indices(view: View) -> Mapping[str, int]:
    """Mesh points by landmark; the alare that is near the camera is the one on the seen side."""
    return {**LANDMARKS, "near alare": LANDMARKS["right alare" if view.yaw > 0 else "left alare"]}


def _place(view: View, mesh: Float, points: HandPoints, index: int) -> Place:
    """Where a point lies in the picture, (2,) pixels; one set by hand goes as the mesh goes."""
    if index not in points:
        return mesh[index, :2].astype(np.float64)
    return np.asarray(points[index] + (mesh[index, :2] - view.mesh[index, :2]), np.float64)


def _landmarks(view: View, mesh: Float, points: HandPoints, side: Side | None) -> _Turned:
    """The landmarks in mm, as a face turned squarely to its view shows them.

    The yaw by which a photo misses its view is taken back, with the depth of the mesh.
    """
    names = _indices(view)
    flat = np.array([_place(view, mesh, points, index) for index in names.values()])
    depth = mesh[list(names.values()), 2].astype(np.float64)
    solid = np.column_stack([flat, depth - depth.mean()]) * view.scale.mm
    solid[:, :2] -= solid[:, :2].mean(axis=0)
    if side == "front":
        solid = solid @ _about(2, -view.roll).T
    exact = np.copysign(90.0, view.yaw) if side == "profile" else 0.0
    square = solid @ _about(1, exact - view.yaw).T
    turned = (square, square @ _about(1, TURN_ERROR).T, square @ _about(0, TURN_ERROR).T)
    way = np.array([-1.0 if side == "profile" and view.yaw < 0 else 1.0, 1.0])
    return _Turned(*(dict(zip(names, one[:, :2] * way, strict=True)) for one in turned))


def _about(axis: int, degrees: float) -> Place:
    """A turn about x, y or z of a picture: right, down, away. About y a face's yaw grows."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turns = {
        0: [[1, 0, 0], [0, cos, -sin], [0, sin, cos]],
        1: [[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]],
        2: [[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]],
    }
    return np.array(turns[axis])
