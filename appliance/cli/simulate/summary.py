"""The summary of a finished simulation."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from appliance.cli.framework.output import LabelledValue
from appliance.cli.simulate.looker import Look
from appliance.pipeline.simulation.drawn_region import RegionMode
from appliance.pipeline.simulation.handles import HANDLES
from appliance.pipeline.simulation.measuring.measurer import Measurement
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


class RegionSummary(msgspec.Struct, frozen=True):
    """A region that was changed: how, by which ``share`` of the way, percent; ``area``: mm²."""

    mode: RegionMode
    area: float
    share: int
    words: str


class MeasureSummary(msgspec.Struct, frozen=True):
    """A measure, its values and their errors, one standard deviation each, in ``unit``.

    ``by_hand``: whether all of its points were set by hand. ``after`` and ``change_error``: where
    something was moved.
    """

    before: float
    error: float
    unit: str
    by_hand: bool
    after: float | None = None
    change_error: float | None = None


class PhotoSummary(msgspec.Struct, frozen=True):
    """One photo.

    ``yaw``, ``pitch``, ``roll``: degrees. ``mm_per_pixel`` and its ``scale_error``, a share, taken
    ``scale_by`` the irises, a length that was given, or the population's mean. ``left_out``: why a
    handle was not applied here. ``share``: of the move that could be made without folds.
    ``mirrored``: whether the result is written as in a mirror. ``measures``: where their lines were
    asked for.
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
    regions: tuple[RegionSummary, ...] = ()
    mirrored: bool = False
    measures: Mapping[str, MeasureSummary] = {}


class Summary(msgspec.Struct, frozen=True):
    """A finished simulation. ``words``: that belong to it; none where nothing was changed."""

    photos: tuple[PhotoSummary, ...]
    seconds: float
    words: tuple[str, ...]


def summarise(
    look: Look,
    done: Simulated | None,
    measurement: Measurement | None = None,
    *,
    mirrored: bool = False,
) -> PhotoSummary:
    """The summary of one photo; ``done``: ``None`` where nothing was moved."""
    view, scale = look.view, look.view.scale
    moved = {} if done is None else done.moved
    handles = {
        name: HandleSummary(
            look.values[name], HANDLES[name].unit, round(way, 2), round(way * scale.error, 2)
        )
        for name, way in moved.items()
    }
    return PhotoSummary(
        yaw=round(view.yaw, 1),
        pitch=round(view.pitch, 1),
        roll=round(view.roll, 1),
        mm_per_pixel=round(scale.mm, 4),
        scale_error=round(scale.error, 4),
        scale_by=scale.by,
        handles=handles,
        left_out=dict(look.left_out),
        share=1.0 if done is None else done.share,
        regions=tuple(
            RegionSummary(one.mode, round(one.area(scale.mm), 1), one.share, one.words)
            for one in look.regions
        ),
        mirrored=mirrored,
        measures={} if measurement is None else _measures(measurement),
    )


def _measures(measurement: Measurement) -> dict[str, MeasureSummary]:
    found = {}
    for one in measurement.readings:
        moved = one.after is not None
        found[one.name] = MeasureSummary(
            before=round(one.before, 2),
            error=round(one.error, 2),
            unit=one.unit,
            by_hand=one.by_hand,
            after=None if one.after is None else round(one.after, 2),
            change_error=round(one.change_error, 2) if moved else None,
        )
    return found


def scale_words(mm: float, error: float, by: str) -> str:
    """A scale in words."""
    return f"{mm:.3f} mm a pixel ± {100 * error:.1f} %, by the {by}"


_UNITS = MappingProxyType({"mm": " mm", "deg": "°", "ratio": ""})


def _measure_words(one: MeasureSummary) -> str:
    decimals, unit = (1, _UNITS[one.unit]) if _UNITS[one.unit] else (2, "")
    words = f"{one.before:.{decimals}f} ± {one.error:.{decimals}f}{unit}"
    if one.after is None or abs(one.after - one.before) < 0.5 * 10**-decimals:
        return words
    return f"{words}; then {one.after:.{decimals}f}{unit}"


def summary_pairs(summary: Summary) -> list[LabelledValue]:
    """The summary as labels and values for people."""
    lines: list[LabelledValue] = []
    for number, photo in enumerate(summary.photos, 1):
        lines.append((f"photo {number}", f"yaw {photo.yaw:+.0f}°, pitch {photo.pitch:+.0f}°"))
        lines.append(("scale", scale_words(photo.mm_per_pixel, photo.scale_error, photo.scale_by)))
        for name, handle in photo.handles.items():
            error = max(handle.error, 0.1)  # never shown as nothing
            moved = f"moves up to {handle.moved:.1f} ± {error:.1f} mm in the picture"
            lines.append((name, f"{handle.value:+g} {handle.unit}, {moved}"))
        lines.extend(("region", f"{one.words}, {one.area:.0f} mm²") for one in photo.regions)
        lines.extend((name, f"left out: {reason}") for name, reason in photo.left_out.items())
        if photo.share < 1:
            lines.append(("reduced", f"to {photo.share:g} of what was asked, or it would fold"))
        if photo.mirrored:
            lines.append(("result", "as in a mirror"))
        lines.extend((name, _measure_words(one)) for name, one in photo.measures.items())
    lines.append(("time", f"{summary.seconds:.1f} s"))
    lines.extend(("note", words) for words in summary.words)
    return lines
