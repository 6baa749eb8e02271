"""The summary of a finished simulation."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from appliance.cli.framework.output import LabelledValue
from appliance.pipeline.simulation.handles import HANDLES
from appliance.pipeline.simulation.simulator import Simulated


class HandleSummary(msgspec.Struct, frozen=True):
    """One handle on one photo.

    ``value``: as asked, in ``unit``. ``moved``: the longest move in the picture that it makes, mm,
    known from the field of displacement; ``error``: of that, one standard deviation.
    """

    value: float
    unit: str
    moved: float
    error: float


class PhotoSummary(msgspec.Struct, frozen=True):
    """One photo.

    ``yaw``, ``pitch``, ``roll``: degrees. ``mm_per_pixel`` and its ``scale_error``, a share, taken
    ``scale_by`` the irises, a length that was given, or the population's mean. ``left_out``: why a
    handle was not applied here. ``share``: of the move that could be made without folds.
    """

    yaw: float
    pitch: float
    roll: float
    mm_per_pixel: float
    scale_error: float
    scale_by: str
    handles: Mapping[str, HandleSummary]
    left_out: Mapping[str, str]
    share: float


class Summary(msgspec.Struct, frozen=True):
    """A finished simulation; ``words`` belong to every result."""

    photos: tuple[PhotoSummary, ...]
    seconds: float
    words: tuple[str, ...]


def summarise(
    done: Simulated, values: Mapping[str, float], left_out: Mapping[str, str]
) -> PhotoSummary:
    """The summary of one photo that was moved by ``values``."""
    view, scale = done.view, done.view.scale
    handles = {
        name: HandleSummary(
            value,
            HANDLES[name].unit,
            round(done.moved[name], 2),
            round(done.moved[name] * scale.error, 2),
        )
        for name, value in values.items()
    }
    return PhotoSummary(
        yaw=round(view.yaw, 1),
        pitch=round(view.pitch, 1),
        roll=round(view.roll, 1),
        mm_per_pixel=round(scale.mm, 4),
        scale_error=scale.error,
        scale_by=scale.by,
        handles=handles,
        left_out=dict(left_out),
        share=done.share,
    )


def summary_pairs(summary: Summary) -> list[LabelledValue]:
    """The summary as labels and values for people."""
    lines: list[LabelledValue] = []
    for number, photo in enumerate(summary.photos, 1):
        lines.append((f"photo {number}", f"yaw {photo.yaw:+.0f}°, pitch {photo.pitch:+.0f}°"))
        scale = f"{photo.mm_per_pixel:.3f} mm a pixel ± {100 * photo.scale_error:.0f} %"
        lines.append(("scale", f"{scale}, by the {photo.scale_by}"))
        for name, handle in photo.handles.items():
            moved = f"moves up to {handle.moved:.1f} ± {handle.error:.1f} mm in the picture"
            lines.append((name, f"{handle.value:+g} {handle.unit}, {moved}"))
        lines.extend((name, f"left out: {reason}") for name, reason in photo.left_out.items())
        if photo.share < 1:
            lines.append(("reduced", f"to {photo.share:g} of what was asked, or it would fold"))
    lines.append(("time", f"{summary.seconds:.1f} s"))
    lines.extend(("note", words) for words in summary.words)
    return lines
