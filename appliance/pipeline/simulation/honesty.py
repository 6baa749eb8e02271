"""In which view of a face the result of a handle is honest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from appliance.pipeline.simulation.handles import HANDLES, Handle

MOUTH_OPEN = 0.05
"""The gap of the inner lips over the eye distance from which a mouth is open."""

Code: TypeAlias = Literal["mouth-open", "points", "inexact", "turned"]

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


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a handle would not be honest on a face.

    ``code``: the mouth is open; it needs points that are set by hand; it is nowhere exact enough;
    or the head is turned too far or too little. ``words``: the same, for people.
    """

    code: Code
    words: str

    def __str__(self) -> str:
        """The words."""
        return self.words


def why_not(handle: Handle, yaw: float, given: Given = NETWORK_ALONE) -> Reason | None:
    """Why the handle would not be honest on a face; ``None`` where it is.

    ``yaw``: of the face, degrees.
    """
    turned = abs(yaw)
    if handle.name in _LIPS and given.mouth_gap > MOUTH_OPEN:
        words = "the mouth is open, and the edge of the teeth would move with the lips"
        return Reason("mouth-open", words)
    complete = handle.needs in given.by_hand or "face" in given.by_hand
    honest, condition = handle.network, "without points set by hand"
    if not given.network:
        honest = handle.points_only if complete else None
        condition = "with points set by hand and no face found"
    elif complete:
        honest, condition = handle.points, "with points set by hand"
    if honest is None:
        if complete:
            return Reason("inexact", f"{condition} it is nowhere exact enough")
        return Reason("points", f"it needs points that are set by hand ({handle.needs})")
    low, high = honest
    if low <= turned <= high:
        return None
    return Reason(
        "turned",
        f"{condition} it is honest from {low:.0f} to {high:.0f} degrees of yaw, and this is"
        f" {turned:.0f}",
    )


def honest_values(
    values: Mapping[str, float], yaw: float, given: Given = NETWORK_ALONE
) -> tuple[dict[str, float], dict[str, Reason]]:
    """Those of ``values`` that are honest on a face, and why the others are not, by handle."""
    reasons = {name: reason for name in values if (reason := why_not(HANDLES[name], yaw, given))}
    kept = {name: value for name, value in values.items() if name not in reasons}
    return kept, reasons
