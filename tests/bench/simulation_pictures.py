"""Simulated pictures of heads against those that the moved heads give: likeness and light."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from rich.console import Console
from rich.table import Table

from appliance.pipeline.face_model.canonical import Canonical
from tests.pipeline.simulation.agreement import Agreement, PictureMeter
from tests.pipeline.simulation.displacement import known
from tests.pipeline.simulation.lit import Lamps, LitHead

YAWS = (0, 40)
ASKED: Mapping[str, float] = {
    "hump": 3, "tip-rotation": 12, "alar-width": -5, "chin-projection": 6, "jaw-width": -10,
    "cheek": 4, "nose-deviation": 4,
}  # fmt: skip


def print_table(
    console: Console,
    canonical: Canonical,
    heads: Sequence[tuple[LitHead, Lamps]],
) -> None:
    """SSIM where pixels move, the slope of the light's log ratio, the difference that is left."""
    meter = PictureMeter(canonical)
    found: dict[tuple[str, int], list[Agreement]] = {}
    for head, lamps in heads:
        for yaw in YAWS:
            before = head.lit(yaw, lamps)
            view = meter.view(before, known(head, yaw))
            for name, value in ASKED.items():
                after = meter.moved(head, yaw, lamps, {name: value})
                field = meter.field(before.image, view, {name: value})
                found.setdefault((name, yaw), []).append(meter.compare(before, after, field))
    table = Table(title="Pictures: SSIM, slope of the light's log ratio, difference left by light")
    for column in ("handle", *(f"{yaw}°" for yaw in YAWS)):
        table.add_column(column)
    for name in ASKED:
        table.add_row(name, *(_cell(found[name, yaw]) for yaw in YAWS))
    console.print(table)
    rows = _rows([one for ones in found.values() for one in ones])
    told = rows[~np.isnan(rows).any(axis=1)]
    console.print(
        f"SSIM {rows[:, 0].mean():.3f}, >= 0.95 in {(rows[:, 0] >= 0.95).mean():.0%} of"
        f" {len(rows)}; slope {np.median(told[:, 1]):.2f} (median), 0.8 to 1.2 in"
        f" {(np.abs(told[:, 1] - 1) <= 0.2).mean():.0%}; left {np.median(told[:, 2]):.2f} (median),"
        f" <= 0.5 in {(told[:, 2] <= 0.5).mean():.0%}, < 1 in {(told[:, 2] < 1).mean():.0%}"
    )


def _cell(ones: list[Agreement]) -> str:
    ssim, slope, left = np.nanmean(_rows(ones), axis=0)
    return f"{ssim:.3f} {slope:.2f} {left:.2f}"


def _rows(ones: list[Agreement]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return np.array([(one.ssim, one.slope, one.left) for one in ones])
