"""What may be asked of a handle, and in which view of a face its result is honest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from appliance.errors import HandleError
from appliance.pipeline.simulation.handles import HANDLES, Handle
from appliance.pipeline.simulation.likeness import check_likeness

MOUTH_OPEN = 0.05
"""The gap of the inner lips over the eye distance from which a mouth is open."""

_LIPS = frozenset(("lip-height", "lip-volume", "lip-corner"))


@dataclass(frozen=True, slots=True)
class Given:
    """What is known of a face.

    ``mouth_gap``: its openness over the eye distance. ``by_hand``: which sets of points were set by
    hand, see ``Handle.needs``. ``network``: whether the network found the face.
    """

    mouth_gap: float = 0.0
    by_hand: frozenset[str] = frozenset()
    network: bool = True


NETWORK_ALONE = Given()


def check_bounds(values: Mapping[str, float]) -> None:
    """Refuse what may not be asked for.

    Raises ``HandleError`` for a handle that does not exist, a value beyond its bounds, or values
    that together would show another person's face.
    """
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
    check_likeness(values)


def why_not(handle: Handle, yaw: float, given: Given = NETWORK_ALONE) -> str | None:
    """Why the handle would not be honest on a face, in words; ``None`` where it is.

    ``yaw``: of the face, degrees.
    """
    turned = abs(yaw)
    if handle.name in _LIPS and given.mouth_gap > MOUTH_OPEN:
        return "the mouth is open, and the edge of the teeth would move with the lips"
    complete = handle.needs in given.by_hand or "face" in given.by_hand
    honest, condition = handle.network, "without points set by hand"
    if not given.network:
        honest = handle.points_only if complete else None
        condition = "with points set by hand and no face found"
    elif complete:
        honest, condition = handle.points, "with points set by hand"
    if honest is None:
        if complete:
            return f"{condition} it is nowhere exact enough"
        return f"it needs points that are set by hand ({handle.needs})"
    low, high = honest
    if low <= turned <= high:
        return None
    return (
        f"{condition} it is honest from {low:.0f} to {high:.0f} degrees of yaw, and this is"
        f" {turned:.0f}"
    )


def honest_values(
    values: Mapping[str, float], yaw: float, given: Given = NETWORK_ALONE
) -> tuple[dict[str, float], dict[str, str]]:
    """Those of ``values`` that are honest on a face, and why the others are not, by handle."""
    reasons = {name: reason for name in values if (reason := why_not(HANDLES[name], yaw, given))}
    kept = {name: value for name, value in values.items() if name not in reasons}
    return kept, reasons
