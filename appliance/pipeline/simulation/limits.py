"""What may be asked of a simulation: the handles' own bounds, and what a site allows of them.

A site narrows, it never widens: whatever its limits say, no handle leaves its own bounds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from appliance.errors import HandleError
from appliance.pipeline.simulation.free_hand import LONGEST
from appliance.pipeline.simulation.handles import HANDLES, Handle
from appliance.pipeline.simulation.likeness import check_likeness

_SITE = "Ask the one who writes this site's policy, or ask for less."


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something may not be asked, as the ledger has it and as a person reads it.

    ``handle``: its name, where ``what`` is a handle; ``asked``: of it in its unit, or mm of a drag.
    ``reason``: ``bounds``, those of the handle itself; ``policy``, the site's; or ``likeness``,
    which all handles together would leave.
    """

    what: Literal["handle", "drag", "region"]
    reason: Literal["bounds", "policy", "likeness"]
    error: HandleError
    handle: str | None = None
    asked: float | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What a site allows.

    ``handles``: those that may be used. ``bounds``: the least and the most of a handle, in its
    unit, where they are narrower than its own. ``drag``: millimetres that a place may be dragged;
    0: none may. ``regions``: whether regions that are drawn by hand may be changed.
    """

    handles: frozenset[str] = frozenset(HANDLES)
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    drag: float = LONGEST
    regions: bool = True

    def of(self, handle: Handle) -> tuple[float, float]:
        """The least and the most of ``handle`` that may be asked for."""
        low, high = self.bounds.get(handle.name, (handle.low, handle.high))
        return max(low, handle.low), min(high, handle.high)

    def refusal(
        self, values: Mapping[str, float], drags: Sequence[float] = (), regions: int = 0
    ) -> Refusal | None:
        """Why this may not be asked; ``None`` where it may.

        ``values``: by handle. ``drags``: how far each place is dragged, mm. ``regions``: how many
        there are. Raises ``HandleError`` for a handle that does not exist.
        """
        for name, value in values.items():
            if name not in HANDLES:
                raise HandleError(
                    f"There is no handle named {name!r}", f"Use one of: {', '.join(HANDLES)}."
                )
            if found := self._of_handle(HANDLES[name], value):
                return found
        try:
            check_likeness(values)
        except HandleError as error:
            return Refusal("handle", "likeness", error)
        return self._of_drags(drags) or self._of_regions(regions)

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

    def _of_regions(self, regions: int) -> Refusal | None:
        if not regions or self.regions:
            return None
        error = HandleError("This site's policy does not allow regions to be changed.", _SITE)
        return Refusal("region", "policy", error)


def _range(bounds: tuple[float, float], unit: str) -> str:
    return f"Ask for {bounds[0]:g} to {bounds[1]:+g} {unit}."
