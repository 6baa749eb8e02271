"""Bias and spread of a surgeon's operations, by handle, from records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from appliance.pipeline.simulation.accuracy.achieved import Achieved
from appliance.pipeline.simulation.handles import HANDLES


class HandleRecord(msgspec.Struct, frozen=True):
    """All operations of one handle, in ``unit``.

    ``bias``: the mean of what was achieved beyond what was wished, in the direction of the wish:
    negative where less was done. ``bias_error``: of that, and ``spread``: of single operations,
    standard deviations; ``None`` for a single one. ``measured``: the part of the spread that the
    errors of measuring explain. ``within``: the share of operations from the least to what was
    wished, to one error.
    """

    unit: str
    operations: int
    bias: float
    bias_error: float | None
    spread: float | None
    measured: float
    within: float


class Record(msgspec.Struct, frozen=True):
    """All that records hold, by handle."""

    handles: Mapping[str, HandleRecord]


def summarised(lines: Sequence[Achieved]) -> Record:
    """Bias and spread of each handle that ``lines`` have."""
    found = {name: [one for one in lines if one.name == name] for name in HANDLES}
    return Record({name: _handle(ones) for name, ones in found.items() if ones})


def table_lines(record: Record) -> list[str]:
    """The record as aligned lines for people."""
    rows = [("handle", "operations", "bias", "spread", "of measuring", "within")]
    for name, one in record.handles.items():
        error = "" if one.bias_error is None else f" ± {one.bias_error:.1f}"
        spread = "-" if one.spread is None else f"{one.spread:.1f} {one.unit}"
        rows.append(
            (
                name,
                str(one.operations),
                f"{one.bias:+.1f}{error} {one.unit}",
                spread,
                f"{one.measured:.1f} {one.unit}",
                f"{100 * one.within:.0f} %",
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def _handle(ones: Sequence[Achieved]) -> HandleRecord:
    count = len(ones)
    beyond = np.array([one.deviation * np.copysign(1, one.asked.wished) for one in ones])
    spread = float(beyond.std(ddof=1)) if count > 1 else None
    return HandleRecord(
        unit=ones[0].unit,
        operations=count,
        bias=round(float(beyond.mean()), 2),
        bias_error=None if spread is None else round(spread / count**0.5, 2),
        spread=None if spread is None else round(spread, 2),
        measured=round(float(np.sqrt(np.mean([one.error**2 for one in ones]))), 2),
        within=round(float(np.mean([one.is_within for one in ones])), 3),
    )
