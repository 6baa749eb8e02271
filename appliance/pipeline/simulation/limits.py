"""What may be asked of a simulation: the handles' own bounds, and what a site allows of them.

A site narrows, it never widens: whatever its limits say, no handle leaves its own bounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import hypot
from typing import Literal, TypeAlias

from appliance.errors import HandleError
from appliance.pipeline.simulation.free_hand import LONGEST
from appliance.pipeline.simulation.handles import HANDLES, Handle

Move: TypeAlias = tuple[float, float]
"""Of a place that is dragged: mm to the right and down."""

_SITE = "Ask the one who writes this site's policy, or ask for less."


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something may not be asked, as the ledger has it and as a person reads it.

    ``handle``: its name, where ``what`` is a handle; ``asked``: of it in its unit, or mm of a drag.
    ``reason``: ``bounds``, those of the handle itself; ``policy``, the site's; or ``likeness``,
    which all handles together would leave.
    """

    what: Literal["handle", "drag", "mirror"]
    reason: Literal["bounds", "policy", "likeness"]
    error: HandleError
    handle: str | None = None
    asked: float | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What a site allows.

    ``handles``: those that may be used. ``bounds``: the least and the most of a handle, in its
    unit, where they are narrower than its own. ``drag``: millimetres that a place may be dragged;
    0: none may. ``mirror``: whether regions may be taken from the other half.
    """

    handles: frozenset[str] = frozenset(HANDLES)
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    drag: float = LONGEST
    mirror: bool = True

    def of(self, handle: Handle) -> tuple[float, float]:
        """The least and the most of ``handle`` that may be asked for."""
        low, high = self.bounds.get(handle.name, (handle.low, handle.high))
        return max(low, handle.low), min(high, handle.high)

    def refusal(
        self, values: Mapping[str, float], drags: Iterable[Move] = (), mirrored: int = 0
    ) -> Refusal | None:
        """Why this may not be asked; ``None`` where it may.

        ``values``: by handle. ``drags``: moves of places. ``mirrored``: how many regions. Raises
        ``HandleError`` for a handle that does not exist.
        """
        for name, value in values.items():
            if name not in HANDLES:
                raise HandleError(
                    f"There is no handle named {name!r}", f"Use one of: {', '.join(HANDLES)}."
                )
            if found := self._of_handle(HANDLES[name], value):
                return found
        return self._of_drags([hypot(*drag) for drag in drags]) or self._of_mirror(mirrored)

    def _of_handle(self, handle: Handle, value: float) -> Refusal | None:
        asked = f"{handle.name} {value:+g} {handle.unit}"
        if not handle.low <= value <= handle.high:
            error = HandleError(
                f"{asked} is beyond its bounds.", _range(self.of(handle), handle.unit)
            )
            return Refusal("handle", "bounds", error, handle.name, value)
        if handle.name not in self.handles:
            error = HandleError(f"This site's policy does not allow {handle.name}.", _SITE)
            return Refusal("handle", "policy", error, handle.name, value)
        low, high = self.of(handle)
        if not low <= value <= high:
            error = HandleError(
                f"{asked} is beyond what this site's policy allows.",
                _range((low, high), handle.unit),
            )
            return Refusal("handle", "policy", error, handle.name, value)
        return None

    def _of_drags(self, lengths: Sequence[float]) -> Refusal | None:
        longest = max(lengths, default=0.0)
        if longest > LONGEST:  # not the site's: it can be drawn nowhere
            error = HandleError(f"A drag is longer than {LONGEST:g} mm.", "Drag it less far.")
            return Refusal("drag", "bounds", error, asked=longest)
        if lengths and not self.drag:
            error = HandleError("This site's policy does not allow places to be dragged.", _SITE)
            return Refusal("drag", "policy", error, asked=longest)
        if longest > self.drag:
            error = HandleError(
                f"A drag is longer than the {self.drag:g} mm that this site's policy allows.",
                "Drag it less far.",
            )
            return Refusal("drag", "policy", error, asked=longest)
        return None

    def _of_mirror(self, regions: int) -> Refusal | None:
        if not regions or self.mirror:
            return None
        error = HandleError("This site's policy does not allow regions to be mirrored.", _SITE)
        return Refusal("mirror", "policy", error)


def _range(bounds: tuple[float, float], unit: str) -> str:
    return f"Ask for {bounds[0]:g} to {bounds[1]:+g} {unit}."
