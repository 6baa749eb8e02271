"""Draws the contact sheet of the demonstration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from appliance.cli.drawing.sheet import ACCENT, INK, Sheet
from appliance.pipeline.imaging.types import Image
from appliance.pipeline.mesh_engine.engine import MESH_ENGINE
from appliance.pipeline.selection import SAME_PERSON

TILE = (224, 280)  # width and height in pixels
COLUMNS = 2  # swaps per row

_MARGIN, _GAP, _BLOCK_GAP = 48, 8, 48
_HEAD, _FOOT, _BLOCK_FOOT = 132, 72, 84
_BLOCK = 3 * TILE[0] + 2 * _GAP


@dataclass(frozen=True, slots=True)
class SwapTiles:
    """One swap: three tiles, and the similarity (SFace cosine) to the source before and after."""

    source: Image
    target: Image
    result: Image
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Tile:
    """One picture and its caption."""

    image: Image
    caption: str


def contact_sheet(swaps: Sequence[SwapTiles], strip: Sequence[Tile]) -> Image:
    """Swaps, then a strip of at most six region edits: (height, width, 3) uint8 RGB."""
    rows = -(-len(swaps) // COLUMNS)
    block_height = TILE[1] + _BLOCK_FOOT
    width = 2 * _MARGIN + COLUMNS * _BLOCK + (COLUMNS - 1) * _BLOCK_GAP
    strip_top = _HEAD + rows * block_height + 64
    page = Sheet(width, strip_top + TILE[1] + 40 + _FOOT)
    _head(page)
    for number, swap in enumerate(swaps):
        row, column = divmod(number, COLUMNS)
        _swap(page, _MARGIN + column * (_BLOCK + _BLOCK_GAP), _HEAD + row * block_height, swap)
    page.text((_MARGIN, strip_top - 40), "One region at a time", 24, INK)
    _strip(page, strip_top, strip)
    _foot(page)
    return page.finish()


def _head(page: Sheet) -> None:
    page.text((_MARGIN, 36), "Face swaps between sample portraits", 34, INK)
    text = f"Every result is a {MESH_ENGINE}: pixels of the source, fitted to the target's pose,"
    page.text((_MARGIN, 86), f"{text} expression and light.", 18)


def _swap(page: Sheet, x: int, y: int, swap: SwapTiles) -> None:
    captioned = zip(
        (swap.source, swap.target, swap.result), ("source", "target", "result"), strict=True
    )
    for number, (image, caption) in enumerate(captioned):
        left = x + number * (TILE[0] + _GAP)
        page.picture(left, y, image)
        colour = ACCENT if caption == "result" else INK
        page.text((left, y + TILE[1] + 8), caption, 16, colour)
    line = y + TILE[1] + 46
    page.text((x, line), "similarity to the source", 15, anchor="lm")
    page.text((x + 212, line), f"{swap.before:.2f}", 16, anchor="rm")
    page.scale((x + 228, line), _BLOCK - 288, swap.before, swap.after)
    page.text((x + _BLOCK, line), f"{swap.after:.2f}", 18, ACCENT, "rm")


def _strip(page: Sheet, y: int, strip: Sequence[Tile]) -> None:
    room = page.width - 2 * _MARGIN - TILE[0]
    for number, tile in enumerate(strip):
        x = _MARGIN + round(number * room / max(1, len(strip) - 1))
        page.picture(x, y, tile.image)
        colour = INK if tile.caption in ("source", "target") else ACCENT
        page.text((x, y + TILE[1] + 8), tile.caption, 16, colour)


def _foot(page: Sheet) -> None:
    y = page.height - _FOOT + 20
    page.rule((_MARGIN, y), (page.width - _MARGIN, y))
    measure = "Similarity is SFace's cosine: ring before, disc after. The tick marks the threshold"
    threshold = f"for the same person ({SAME_PERSON})."
    page.text((_MARGIN, y + 14), f"{measure} {threshold}", 15)
    page.text((page.width - _MARGIN, y + 14), MESH_ENGINE, 15, ACCENT, "ra")
