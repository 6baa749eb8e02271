"""Reads from two photos of a person what an operation between them achieved, handle by handle.

The landmarks that were set by hand on both photos are adjusted together: the head, how it stands in
either photo, and the values of the handles that were operated on, all at once. So a chin that came
forward is distinguished from a head that came nearer by what an operation of the chin leaves in
place, and handles that move the same landmarks share what these moved. Landmarks that a network
finds again are of no use: it draws the nose that it expects, and of 4 mm that were taken away it
finds 0.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from appliance.errors import HandleError
from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.simulation.accuracy.achieved import Accuracy, Achieved, Asked
from appliance.pipeline.simulation.accuracy.adjustment import (
    Adjusted,
    Doubles,
    Motions,
    Shape,
    Sighting,
    adjusted,
)
from appliance.pipeline.simulation.accuracy.telling import RESTLESS, TELLING, landmarks_for
from appliance.pipeline.simulation.bending import CORRELATED, MESH
from appliance.pipeline.simulation.handles import HANDLES
from appliance.pipeline.simulation.honesty import MOUTH_OPEN
from appliance.pipeline.simulation.measuring.scatter import BY_HAND
from appliance.pipeline.simulation.mover import HandleMover
from appliance.pipeline.simulation.points import NAMED, PlacedPoints
from appliance.pipeline.simulation.view import View

TURNED = 15.0
"""Degrees that the head may be turned between the photos: beyond, a landmark such as the wing's
widest place is another one."""

FEWEST = 5
"""Landmarks that handles leave in place, from which a pose is read with some left to check it."""

MISFIT = 2.5
"""By how many times landmarks may lie farther off than expected before nothing is read."""

GROSS = 4.5
"""Standard deviations that a single landmark may lie off in a photo: of honest ones 4 in 100,000
lie farther."""

# mm, standard deviation of people's faces from the canonical one, which they miss by 2 to 4
_CANONICAL = 4.0
_UNTOUCHED = MESH  # mm, of a point that was left where the network proposed it
_REST = 1.0  # mm, by which mouth, jaw and brows of faces at rest differ: an assumption
_ALONG = 2.0  # mm, of a landmark along the ridge of the nose, where no place looks unlike another
_OWN = 0.3  # mm, of the shape's error that no neighbour shares
_WIDE = 10.0  # times a handle's bounds: what it may be before anything is seen
_VAGUE = 0.25  # of the span between a handle's bounds, from which an error tells nothing


@dataclass(frozen=True, slots=True)
class Sight:
    """A face in one photo, with its ``points``: the mean of as many ``sets`` of them.

    ``untouched``: names of those that lie where the network proposed them. ``network``: whether it
    found the face. ``mouth_gap``: the mouth's openness over the eye distance.
    ``scatter``: standard deviation of a point in one set, mm, where several tell it; at least what
    is assumed of a hand counts.
    """

    view: View
    points: PlacedPoints
    untouched: frozenset[str] = frozenset()
    network: bool = True
    mouth_gap: float = 0.0
    sets: int = 1
    scatter: float = 0.0


class AccuracyMeter:
    """Compares pairs of photos; what depends on the canonical face alone is worked out once."""

    def __init__(self, canonical: Canonical) -> None:
        self._mover = HandleMover(canonical)

    def compare(self, before: Sight, later: Sight, asked: Mapping[str, Asked]) -> Accuracy:
        """What was achieved of what was ``asked``, by handle: of all that were operated on.

        Raises ``HandleError`` where no handle can be read, or the photos do not fit each other.
        """
        unmeasured = {name: reason for name in asked if (reason := _why_not(name, before, later))}
        compared = [name for name in asked if name not in unmeasured]
        if not compared:
            _refuse(unmeasured)
        names = _compared(compared, before, later)
        if len([name for name in names if not _is_moved(name, compared)]) < FEWEST:
            raise HandleError(
                "Too few points show how the head is turned in the two photos.",
                "Set all points of the face on both photos, not only where it was operated on.",
            )
        found = self._adjusted(names, compared, before, later)
        turned = _angle(found)
        _check(found, turned, names)
        errors = np.sqrt(np.diag(found.covariance)) * max(1.0, found.misfit)
        achieved = []
        for name, value, error in zip(compared, found.values, errors, strict=True):
            handle = HANDLES[name]
            if error > _VAGUE * (handle.high - handle.low):
                unmeasured[name] = (
                    f"this view and these points tell it to {error:.1f} {handle.unit} only"
                )
                continue
            scaled = before.view.scale.error * value if handle.unit == "mm" else 0.0
            total = float(np.hypot(error, scaled))
            achieved.append(Achieved(name, asked[name], float(value), total))
        if not achieved:
            _refuse(unmeasured)
        indices = [NAMED[name].index for name in names]
        shape = before.view.shape
        values = dict(zip(compared, found.values.tolist(), strict=True))
        move = self._mover.move(shape, values)[indices]
        wish = self._mover.move(shape, {name: asked[name].wished for name in compared})[indices]
        return Accuracy(
            achieved=tuple(achieved),
            unmeasured=unmeasured,
            names=names,
            misfit=found.misfit,
            poses=found.poses,
            before=np.asarray(found.solid, np.float32),
            wished=np.asarray(found.solid + wish, np.float32),
            later=np.asarray(found.solid + move, np.float32),
            turned=turned,
        )

    def _adjusted(
        self, names: tuple[str, ...], compared: list[str], before: Sight, later: Sight
    ) -> Adjusted:
        shape = before.view.shape
        indices = [NAMED[name].index for name in names]

        def moves(values: Doubles) -> Doubles:
            move = self._mover.move(shape, dict(zip(compared, values.tolist(), strict=True)))
            return move[indices].astype(np.float64)

        spans = [max(abs(HANDLES[name].low), HANDLES[name].high) for name in compared]
        solid = shape[indices].astype(np.float64)
        covariance = _shape_covariance(solid, MESH if before.network else _CANONICAL)
        return adjusted(
            (_sighting(before, names, compared), _sighting(later, names, compared)),
            Shape(solid, covariance),
            Motions(moves, _WIDE * np.array(spans)),
        )


def _why_not(handle: str, before: Sight, later: Sight) -> str | None:
    """Why the points do not tell what was achieved of a handle; ``None`` where they do."""
    needed = TELLING.get(handle)
    if needed is None:
        return "no point that is set by hand tells it"
    if max(before.mouth_gap, later.mouth_gap) > MOUTH_OPEN and not RESTLESS.isdisjoint(needed):
        return "the mouth is open, and lips and jaw with it"
    for sight, photo in ((before, "before"), (later, "later")):
        missing = [name for name in needed if name not in sight.points.places]
        if missing:
            return f"it needs points set by hand on the {photo} photo: {', '.join(missing)}"
        untouched = [name for name in needed if name in sight.untouched]
        if untouched:
            return (
                f"points of the {photo} photo are where the network proposed them:"
                f" {', '.join(untouched)}"
            )
    return None


def _compared(compared: list[str], before: Sight, later: Sight) -> tuple[str, ...]:
    wanted = landmarks_for(compared)
    there = before.points.places.keys() & later.points.places.keys() & wanted
    return tuple(name for name in NAMED if name in there)


def _is_moved(name: str, compared: list[str]) -> bool:
    return any(name in TELLING[handle] for handle in compared)


def _sighting(sight: Sight, names: tuple[str, ...], compared: list[str]) -> Sighting:
    view, places = sight.view, sight.points.places
    spread = np.array([_spread(sight, name, compared) for name in names])
    return Sighting(
        places=np.array([places[name] for name in names], np.float64),
        spread=spread / view.scale.mm**2,
        rotation=view.rotation.astype(np.float64),
        mm=view.scale.mm,
        centre=view.centre.astype(np.float64),
    )


def _spread(sight: Sight, name: str, compared: list[str]) -> Doubles:
    """The covariance of a point, (2, 2) mm²."""
    single = max(BY_HAND, sight.scatter) / np.sqrt(sight.sets)
    if name in sight.untouched:
        single = _UNTOUCHED
    restless = _REST if name in RESTLESS and not _is_moved(name, compared) else 0.0
    spread: Doubles = (single**2 + restless**2) * np.eye(2)
    if name == "rhinion":
        mesh = sight.view.mesh[:, :2].astype(np.float64)
        ridge = mesh[NAMED["pronasale"].index] - mesh[NAMED["nasion"].index]
        ridge /= max(float(np.linalg.norm(ridge)), 1e-6)
        spread += _ALONG**2 * np.outer(ridge, ridge)
    return spread


def _shape_covariance(solid: Doubles, deviation: float) -> Doubles:
    """Of (n, 3) landmarks of which neighbours are wrong alike: (3n, 3n) mm²."""
    apart = np.linalg.norm(solid[:, None] - solid[None], axis=2)
    alike = deviation**2 * np.exp(-apart / CORRELATED) + _OWN**2 * np.eye(len(solid))
    return np.kron(alike, np.eye(3))


def _angle(found: Adjusted) -> float:
    first, second = found.poses
    cosine = (np.trace(first.rotation.T @ second.rotation) - 1) / 2
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def _check(found: Adjusted, turned: float, names: tuple[str, ...]) -> None:
    if turned > TURNED:
        raise HandleError(
            f"The head is turned otherwise in the later photo, by {turned:.0f} degrees.",
            f"Use photos of the same view: up to {TURNED:.0f} degrees can be taken back.",
        )
    if found.misfit > MISFIT or found.gaps.max() > GROSS:
        worst = names[int(found.gaps.max(axis=0).argmax())]
        raise HandleError(
            "The points of the two photos do not fit one head on which these handles were moved.",
            f"Compare the places of {worst}, and name every handle that was operated on.",
        )


def _refuse(unmeasured: Mapping[str, str]) -> None:
    name, reason = next(iter(unmeasured.items()))
    raise HandleError(
        f"What was achieved of {name} cannot be read: {reason}.",
        "Set points by hand on both photos, of the view that shows the handle best.",
    )
