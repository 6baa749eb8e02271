"""What ``--range`` prints: which handles are honest in a photo, within what bounds."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from appliance.cli.framework.output import LabelledValue
from appliance.cli.simulate.looker import Look
from appliance.cli.simulate.summary import scale_words
from appliance.pipeline.simulation.handles import HANDLES
from appliance.pipeline.simulation.honesty import why_not
from appliance.pipeline.simulation.limits import Limits


class HandleRange(msgspec.Struct, frozen=True):
    """Bounds of a handle, in ``unit``."""

    low: float
    high: float
    unit: str


class PhotoRanges(msgspec.Struct, frozen=True):
    """One photo, as :class:`PhotoSummary` has it.

    ``handles``: that are honest there. ``left_out``: why others are not.
    """

    yaw: float
    pitch: float
    roll: float
    mm_per_pixel: float
    scale_error: float
    scale_by: str
    handles: Mapping[str, HandleRange]
    left_out: Mapping[str, str]


class Ranges(msgspec.Struct, frozen=True):
    """All photos, in their order."""

    photos: tuple[PhotoRanges, ...]


def ranges_of(look: Look, limits: Limits) -> PhotoRanges:
    """The handles of one photo, within the ``limits`` of the site."""
    view, scale = look.view, look.view.scale
    reasons = {
        name: why_not(handle, view.yaw, look.given)
        if name in limits.handles
        else "this site's policy does not allow it"
        for name, handle in HANDLES.items()
    }
    return PhotoRanges(
        yaw=round(view.yaw, 1),
        pitch=round(view.pitch, 1),
        roll=round(view.roll, 1),
        mm_per_pixel=round(scale.mm, 4),
        scale_error=round(scale.error, 4),
        scale_by=scale.by,
        handles={
            name: HandleRange(*limits.of(handle), handle.unit)
            for name, handle in HANDLES.items()
            if reasons[name] is None
        },
        left_out={name: str(reason) for name, reason in reasons.items() if reason is not None},
    )


def range_pairs(ranges: Ranges) -> list[LabelledValue]:
    """The same as labels and values for people."""
    lines: list[LabelledValue] = []
    for number, photo in enumerate(ranges.photos, 1):
        lines.append((f"photo {number}", f"yaw {photo.yaw:+.0f}°, pitch {photo.pitch:+.0f}°"))
        lines.append(("scale", scale_words(photo.mm_per_pixel, photo.scale_error, photo.scale_by)))
        for name, one in photo.handles.items():
            lines.append((name, f"{one.low:g} to {one.high:+g} {one.unit}"))
        lines.extend((name, f"not here: {reason}") for name, reason in photo.left_out.items())
    return lines
