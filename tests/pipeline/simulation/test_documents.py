"""docs/simulation.md lists the handles as they are."""

from __future__ import annotations

import re

from PIL import Image

from appliance.pipeline.simulation.handles import HANDLES
from tests.paths import REPOSITORY

PAGE = REPOSITORY / "docs/simulation.md"
PICTURES = REPOSITORY / "docs/figures/handles"
PICTURE = re.compile(r"`([a-z-]+)` !\[([a-z-]+)\]\(figures/handles/([a-z-]+)\.png\)")
LARGEST = 400 * 1024  # bytes, all together
ROW = re.compile(
    r"^\| `([a-z-]+)` \| [^|]+ \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE
)


def _range(degrees: tuple[float, float] | None) -> str:
    return "–" if degrees is None else f"{degrees[0]:.0f}–{degrees[1]:.0f}°"  # noqa: RUF001


def _bounds(low: float, high: float, unit: str) -> str:
    sign = {"mm": " mm", "deg": "°", "%": " %"}[unit]
    if low == -high:
        return f"±{high:g}{sign}"
    return f"{low:g} to {high:{'+' if low else ''}g}{sign}".replace("-", "−")  # noqa: RUF001


def test_handles_are_described_as_they_are() -> None:
    text = PAGE.read_text()
    rows = {name: tuple(cells) for name, *cells in ROW.findall(text)}
    assert rows == {
        name: (
            _bounds(handle.low, handle.high, handle.unit),
            _range(handle.network),
            _range(handle.points),
            _range(handle.points_only),
        )
        for name, handle in HANDLES.items()
    }


def test_each_handle_is_pictured_at_its_bounds() -> None:
    """They are drawn by docs/figures/handles.py."""
    shown = PICTURE.findall(PAGE.read_text())
    assert shown == [(name, name, name) for name in HANDLES]
    assert {file.stem for file in PICTURES.iterdir()} == {*HANDLES}
    assert sum(file.stat().st_size for file in PICTURES.iterdir()) < LARGEST
    for name, handle in HANDLES.items():
        with Image.open(PICTURES / f"{name}.png") as picture:
            assert picture.info["bounds"] == f"{handle.low:g} {handle.high:g} {handle.unit}"
