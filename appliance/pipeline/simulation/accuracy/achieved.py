"""What was asked of a handle and what was achieved, with its error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from appliance.pipeline.imaging.types import Float
from appliance.pipeline.simulation.accuracy.adjustment import Pose
from appliance.pipeline.simulation.handles import HANDLES

AGREES = 2.0
"""Errors by which what was achieved may differ from what was wished before it counts as other."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Of a handle, in its unit: what was to be expected at ``least``, and what was ``wished``."""

    least: float
    wished: float


@dataclass(frozen=True, slots=True)
class Achieved:
    """Of a handle, in its unit.

    ``value``: what the later photo shows. ``error``: of that, one standard deviation: of the
    points, the shape, both poses and the scale.
    """

    name: str
    asked: Asked
    value: float
    error: float

    @property
    def unit(self) -> str:
        """Of all its figures."""
        return HANDLES[self.name].unit

    @property
    def deviation(self) -> float:
        """What was achieved less what was wished."""
        return self.value - self.asked.wished

    @property
    def is_within(self) -> bool:
        """Whether it lies from the least to what was wished, or beyond by no more than the error.

        One error on either side.
        """
        low, high = sorted((self.asked.least, self.asked.wished))
        return low - self.error <= self.value <= high + self.error

    @property
    def agrees(self) -> bool:
        """Whether it differs from what was wished by no more than :data:`AGREES` errors."""
        return abs(self.deviation) <= AGREES * self.error


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Of one pair of photos.

    ``achieved``: of the handles that it tells. ``unmeasured``: why it does not tell the others, by
    handle. ``names``: of the landmarks that were compared. ``misfit``: by how many times these lie
    farther off than points set by hand should; the errors grow with it. ``poses``: of the head
    before and later. ``before``, ``wished``, ``later``: (n, 3) mm, where the landmarks lie on the
    canonical axes. ``turned``: degrees between the poses.
    """

    achieved: tuple[Achieved, ...]
    unmeasured: Mapping[str, str]
    names: tuple[str, ...]
    misfit: float
    poses: tuple[Pose, Pose]
    before: Float
    wished: Float
    later: Float
    turned: float
