"""What may be asked of a handle, and in which view of a face its result is honest."""

from __future__ import annotations

from collections.abc import Mapping

from appliance.errors import HandleError
from appliance.pipeline.simulation.handles import HANDLES, Handle

MOUTH_OPEN = 0.05
"""The gap of the inner lips over the eye distance from which a mouth is open."""

_LIPS = frozenset(("lip-height", "lip-volume", "lip-corner"))


def check_bounds(values: Mapping[str, float]) -> None:
    """Raises ``HandleError`` for a handle that does not exist, or a value beyond its bounds."""
    for name, value in values.items():
        handle = HANDLES.get(name)
        if handle is None:
            raise HandleError(
                f"There is no handle named {name!r}", f"Use one of: {', '.join(HANDLES)}."
            )
        if not handle.low <= value <= handle.high:
            raise HandleError(
                f"{name} {value:+g} {handle.unit} is beyond its bounds.",
                f"Ask for {handle.low:g} to {handle.high:+g} {handle.unit}.",
            )


def why_not(
    handle: Handle, yaw: float, *, mouth_gap: float = 0.0, by_hand: frozenset[str] = frozenset()
) -> str | None:
    """Why the handle would not be honest on a face, in words; ``None`` where it is.

    ``yaw``: of the face, degrees. ``mouth_gap``: its openness. ``by_hand``: which sets of points
    were set by hand, see ``Handle.needs``.
    """
    turned = abs(yaw)
    if handle.name in _LIPS and mouth_gap > MOUTH_OPEN:
        return "the mouth is open, and the edge of the teeth would move with the lips"
    with_points = handle.needs in by_hand or "face" in by_hand
    honest = handle.points if with_points else handle.network
    if honest is None:
        return "it needs points that are set by hand"
    low, high = honest
    if low <= turned <= high:
        return None
    condition = "with points set by hand" if with_points else "without points set by hand"
    return (
        f"{condition} it is honest from {low:.0f} to {high:.0f} degrees of yaw, and this is"
        f" {turned:.0f}"
    )


def honest_values(
    values: Mapping[str, float],
    yaw: float,
    *,
    mouth_gap: float = 0.0,
    by_hand: frozenset[str] = frozenset(),
) -> tuple[dict[str, float], dict[str, str]]:
    """Those of ``values`` that are honest on a face, and why the others are not, by handle."""
    reasons = {
        name: reason
        for name in values
        if (reason := why_not(HANDLES[name], yaw, mouth_gap=mouth_gap, by_hand=by_hand))
    }
    kept = {name: value for name, value in values.items() if name not in reasons}
    return kept, reasons
