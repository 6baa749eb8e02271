"""The summary of one pair of photos: what was achieved of each handle."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from appliance.cli.framework.output import LabelledValue
from appliance.pipeline.simulation.accuracy.achieved import Accuracy, Achieved
from appliance.pipeline.simulation.scale import Scale


class HandleAccuracy(msgspec.Struct, frozen=True):
    """One handle, in ``unit``.

    ``deviation``: ``achieved`` less ``wished``. ``error``: of both, one standard deviation.
    ``within``: whether it was achieved from the least to what was wished, to one error.
    ``agrees``: whether the deviation is no more than two errors, so that nothing is known of it.
    """

    unit: str
    least: float
    wished: float
    achieved: float
    error: float
    deviation: float
    within: bool
    agrees: bool


class Summary(msgspec.Struct, frozen=True):
    """One pair. ``unmeasured``: why the photos do not tell a handle.

    ``turned``: degrees between the heads' poses. ``points``: that were compared, and their
    ``misfit``: 1 where they lie as points set by hand do. ``scale_error``: a share, of the scale
    ``scale_by``. ``likeness``: of the faces, SFace's cosine, ``None`` where one was not found.
    """

    handles: Mapping[str, HandleAccuracy]
    unmeasured: Mapping[str, str]
    turned: float
    points: int
    misfit: float
    scale_error: float
    scale_by: str
    likeness: float | None


def summarise(found: Accuracy, scale: Scale, likeness: float | None) -> Summary:
    """The summary of what was ``found``, with the scale of the photo before."""
    return Summary(
        handles={one.name: _handle(one) for one in found.achieved},
        unmeasured=dict(found.unmeasured),
        turned=round(found.turned, 1),
        points=len(found.names),
        misfit=round(found.misfit, 2),
        scale_error=scale.error,
        scale_by=scale.by,
        likeness=None if likeness is None else round(likeness, 3),
    )


def summary_pairs(summary: Summary) -> list[LabelledValue]:
    """The summary as labels and values for people."""
    lines: list[LabelledValue] = [
        (name, f"{asked_words(one)}, {achieved_words(one)}")
        for name, one in summary.handles.items()
    ]
    lines.extend((name, f"not measured: {reason}") for name, reason in summary.unmeasured.items())
    lines.append(("pose", f"turned by {summary.turned:.0f}° between the photos"))
    lines.append(("points", f"{summary.points} compared, misfit {summary.misfit:.1f}"))
    lines.append(("scale", f"± {100 * summary.scale_error:.0f} %, by the {summary.scale_by}"))
    alike = "not compared: a face was not found"
    if summary.likeness is not None:
        alike = f"the same, likeness {summary.likeness:.2f}"
    lines.append(("person", alike))
    return lines


def asked_words(one: HandleAccuracy) -> str:
    """What was asked."""
    least = "" if one.least == one.wished else f"{one.least:+g}.."
    return f"wished {least}{one.wished:+g} {one.unit}"


def achieved_words(one: HandleAccuracy) -> str:
    """What was achieved, and whether that is another value than was wished."""
    verdict = "as wished, to two errors" if one.agrees else "other than wished"
    return (
        f"achieved {signed(one.achieved)} ± {one.error:.1f} {one.unit}"
        f" ({signed(one.deviation)}): {verdict}"
    )


def signed(value: float) -> str:
    """With its sign and one decimal; never "-0.0"."""
    return f"{round(value, 1) + 0.0:+.1f}"


def _handle(one: Achieved) -> HandleAccuracy:
    return HandleAccuracy(
        unit=one.unit,
        least=one.asked.least,
        wished=one.asked.wished,
        achieved=round(one.value, 2),
        error=round(one.error, 2),
        deviation=round(one.deviation, 2),
        within=one.is_within,
        agrees=one.agrees,
    )
