"""Two photos of one head adjusted together: its shape, both poses, and what moved between them.

A bundle adjustment of two views (Triggs, McLauchlan, Hartley and Fitzgibbon, "Bundle Adjustment: A
Modern Synthesis", 1999) with a prior of the shape, as depth is known from the mesh alone, and with
the values of handles as further unknowns. What is unsure of clicks, depth, pose and the size of the
head in the second photo is so in the error of the values. Lengths are mm on the canonical axes;
the camera is a metre away and looks at the middle of its picture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.simulation.camera import DISTANCE

Doubles: TypeAlias = NDArray[np.float64]
Moves: TypeAlias = Callable[[Doubles], Doubles]

ROUNDS = 30  # of Gauss and Newton at most; from a pose that is known to 10 degrees 4 to 6 do
SETTLED = 1e-5  # of the step, at which it ends: of an unknown in its own unit
_STEP = 1e-4  # of the differences that stand for derivatives
_FIRST, _SECOND = 5, 6  # unknowns of the poses: rotation, shift, and of the second photo the size


@dataclass(frozen=True, slots=True)
class Sighting:
    """The landmarks of a head in one photo.

    ``places``: (n, 2) pixels. ``spread``: (n, 2, 2) their covariance, pixels². ``rotation``: (3, 3)
    from the canonical axes to those of the picture, to begin with. ``mm``: of a pixel at the head.
    ``centre``: (2,) of the picture, pixels.
    """

    places: Doubles
    spread: Doubles
    rotation: Doubles
    mm: float
    centre: Doubles


@dataclass(frozen=True, slots=True)
class Shape:
    """``solid``: (n, 3) mm, as landmarks should lie. ``covariance``: (3n, 3n) of that."""

    solid: Doubles
    covariance: Doubles


@dataclass(frozen=True, slots=True)
class Motions:
    """``move``: what (k,) values do to the landmarks, (n, 3) mm.

    ``widths``: (k,) standard deviations of the values before anything is seen, about 0.
    """

    move: Moves
    widths: Doubles


@dataclass(frozen=True, slots=True)
class Pose:
    """``rotation``: (3, 3), ``shift``: (2,) mm across, ``focal``: pixels, ``centre``: (2,)."""

    rotation: Doubles
    shift: Doubles
    focal: float
    centre: Doubles

    def laid(self, solid: Doubles) -> Doubles:
        """Where (n, 3) points of the head lie in the picture: (n, 2) pixels."""
        seen = solid @ self.rotation.T + np.append(self.shift, DISTANCE)
        return np.asarray(seen[:, :2] * (self.focal / seen[:, 2:]) + self.centre)


@dataclass(frozen=True, slots=True)
class Adjusted:
    """``values``: (k,) of the handles, and ``covariance``: (k, k) of them.

    ``misfit``: of chi square over its degrees of freedom, the root: 1 where the points are as
    unsure as they were taken to be. ``gaps``: (2, n) how far each point lies from where it should
    in the photos, in its own standard deviations. ``poses``: of the head in both photos.
    ``solid``: (n, 3) the landmarks before.
    """

    values: Doubles
    covariance: Doubles
    misfit: float
    gaps: Doubles
    poses: tuple[Pose, Pose]
    solid: Doubles


@dataclass(frozen=True, slots=True)
class _Problem:
    """``solid``: (n, 3) as expected. ``root``: (3n, 3n) Cholesky's of its covariance.

    ``whiten``: two (n, 2, 2), that make the points' errors independent and of size 1.
    """

    sightings: tuple[Sighting, Sighting]
    solid: Doubles
    root: Doubles
    whiten: tuple[Doubles, Doubles]
    motions: Motions

    @property
    def start(self) -> Doubles:
        """Unknowns: 3n of the shape, then of both poses, then the values."""
        return np.zeros(self.solid.size + _FIRST + _SECOND + len(self.motions.widths))

    def moved(self, unknowns: Doubles) -> Doubles:
        """What the handles do, (n, 3) mm."""
        return self.motions.move(unknowns[self.solid.size + _FIRST + _SECOND :])

    def head(self, unknowns: Doubles) -> Doubles:
        """The landmarks before: (n, 3)."""
        shape = unknowns[: self.solid.size]
        return np.asarray(self.solid + (self.root @ shape).reshape(-1, 3))

    def poses(self, unknowns: Doubles) -> tuple[Pose, Pose]:
        """Of the head in both photos."""
        turns = unknowns[self.solid.size :]
        first, second = self.sightings
        return _turned(first, turns[:_FIRST]), _turned(second, turns[_FIRST:][:_SECOND])

    def gaps(self, unknowns: Doubles, moved: Doubles) -> Doubles:
        """(2, n, 2) whitened distances from the landmarks to where they should lie."""
        before = self.head(unknowns)
        laid = zip(self.poses(unknowns), (before, before + moved), strict=True)
        return np.array(
            [
                np.einsum("nij,nj->ni", whiten, pose.laid(solid) - one.places)
                for whiten, (pose, solid), one in zip(
                    self.whiten, laid, self.sightings, strict=True
                )
            ]
        )

    def residuals(self, unknowns: Doubles, moved: Doubles) -> Doubles:
        """All that is to be small: of the points, the shape and the values."""
        count = self.solid.size
        values = unknowns[count + _FIRST + _SECOND :] / self.motions.widths
        return np.concatenate([self.gaps(unknowns, moved).ravel(), unknowns[:count], values])

    def slopes(self, unknowns: Doubles, moved: Doubles, left: Doubles) -> Doubles:
        """The derivatives of the residuals, (m, unknowns), by differences."""
        slopes = np.empty((len(left), len(unknowns)))
        for column in range(len(unknowns)):
            there = unknowns.copy()
            there[column] += _STEP
            is_value = column >= self.solid.size + _FIRST + _SECOND
            then = self.moved(there) if is_value else moved
            slopes[:, column] = (self.residuals(there, then) - left) / _STEP
        return slopes


def adjusted(sightings: tuple[Sighting, Sighting], shape: Shape, motions: Motions) -> Adjusted:
    """The most probable head, poses and values."""
    first, second = (np.linalg.inv(np.linalg.cholesky(one.spread)) for one in sightings)
    root = np.asarray(np.linalg.cholesky(shape.covariance), np.float64)
    problem = _Problem(sightings, shape.solid, root, (first, second), motions)
    unknowns = problem.start
    for _ in range(ROUNDS):
        moved = problem.moved(unknowns)
        left = problem.residuals(unknowns, moved)
        step = np.linalg.lstsq(problem.slopes(unknowns, moved, left), -left, rcond=None)[0]
        unknowns = unknowns + step
        if np.abs(step).max() < SETTLED:
            break
    moved = problem.moved(unknowns)
    left = problem.residuals(unknowns, moved)
    slopes = problem.slopes(unknowns, moved, left)
    count = len(motions.widths)
    freedom = 4 * len(shape.solid) - _FIRST - _SECOND
    return Adjusted(
        values=unknowns[-count:],
        covariance=np.asarray(np.linalg.inv(slopes.T @ slopes)[-count:, -count:], np.float64),
        misfit=float(np.sqrt(left @ left / max(freedom, 1))),
        gaps=np.linalg.norm(problem.gaps(unknowns, moved), axis=2),
        poses=problem.poses(unknowns),
        solid=problem.head(unknowns),
    )


def _turned(one: Sighting, by: Doubles) -> Pose:
    """The pose of a sighting, turned and shifted ``by`` (5,), or (6,) with the size's logarithm."""
    rotation = cv2.Rodrigues(by[:3])[0] @ one.rotation
    grown = float(np.exp(by[5])) if len(by) > _FIRST else 1.0
    middle = (one.places.mean(axis=0) - one.centre) * one.mm
    return Pose(rotation, middle + 100 * by[3:5], grown * DISTANCE / one.mm, one.centre)
