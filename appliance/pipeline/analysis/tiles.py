"""Where a large picture is searched a second time, from nearer, so that small faces show too.

A detector sees 640 pixels a side. Seen as a whole, a picture whose longer side is ``n`` times as
long shows it faces of ``n`` times the size at least. *Tiles* are squares of one side that overlap
and together cover the picture. If the picture is far longer than a tile, there are also tiles of
``GROWTH`` times the side, and so on, so that a face of any size is whole in some view of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from appliance.pipeline.face_model.face import Detection
from appliance.pipeline.imaging.types import Float
from appliance.pipeline.media.canvas import Box, Canvas

# Pixels from ear to ear: faces that are as wide as that are found in a picture of any size.
SMALLEST_FACE = 40
# Pixels of the longer side up to which one look at the whole picture shows them. YuNet sees them 20
# pixels wide then, and found all 42 of the sample portraits of that size on plain grounds; …
PHOTO_TILE = 1280
# … and 12.5 pixels wide in a frame of a film, where it found 40 of 42: the next frame is near.
FRAME_TILE = 2048
# Side of the next larger tiles over that of a tile.
GROWTH = 4
# How far tiles overlap, in widths of the largest face that nothing but these tiles shows.
OVERLAP = 2
# Side of what a second look shows, in widths of the face.
SECOND_LOOK = 4
# Share of the smaller of two boxes from which they are one face. The detectors' own limit for two
# boxes of one size, 0.3 of their union.
SAME_FACE = 0.46
# Pixels of the picture: how near to a border within the picture a box is cut off by it.
_BORDER = 2


@dataclass(frozen=True, slots=True)
class Level:
    """What was ``found`` in views of ``side`` pixels a side, in pixels of the picture."""

    side: int
    found: Sequence[Detection]

    @property
    def well_seen(self) -> float:
        """The width in pixels from which such a view is sure to show a face as it is."""
        return SMALLEST_FACE * self.side / PHOTO_TILE


def tiles(canvas: Canvas, side: int) -> tuple[Box, ...]:
    """The tiles of a picture, largest first; none if its longer side is ``side`` pixels at most.

    ``side``: in pixels of the smallest tiles, at which a face of ``SMALLEST_FACE`` is found.
    """
    longer = max(canvas.width, canvas.height)
    if longer <= side or min(canvas.width, canvas.height) < SMALLEST_FACE:
        return ()
    sides = [side]
    while sides[-1] * GROWTH < longer:
        sides.append(sides[-1] * GROWTH)
    found: list[Box] = []
    for one, larger in zip(sides, [*sides[1:], longer], strict=True):
        overlap = round(OVERLAP * SMALLEST_FACE * larger / side)
        across, down = (_starts(length, one, overlap) for length in (canvas.width, canvas.height))
        width, height = min(one, canvas.width), min(one, canvas.height)
        found[:0] = [Box(x, y, width, height) for y in down for x in across]
    return tuple(found)


def smallest_seen_whole(canvas: Canvas) -> float:
    """The width in pixels of the smallest face that a look at the whole picture must show."""
    return SMALLEST_FACE * max(canvas.width, canvas.height) / PHOTO_TILE


def placed(found: Sequence[Detection], tile: Box, canvas: Canvas) -> list[Detection]:
    """What was ``found`` in a tile, in pixels of the picture, without what its borders cut off."""
    low = np.array([_BORDER if tile.x else -np.inf, _BORDER if tile.y else -np.inf])
    ends = (tile.x + tile.w < canvas.width, tile.y + tile.h < canvas.height)
    high = np.where(ends, np.array([tile.w, tile.h]) - _BORDER, np.inf)
    return [
        one.moved(tile.x, tile.y)
        for one in found
        if (one.box[:2] >= low).all() and (one.box[:2] + one.box[2:] <= high).all()
    ]


def surroundings(detection: Detection, canvas: Canvas) -> Box:
    """What a second look at a detected face shows: the face is a quarter as wide."""
    reach = SECOND_LOOK / 2 * float(detection.box[2])
    low = np.maximum(np.floor(detection.centre - reach), 0).astype(int)
    high = np.minimum(np.ceil(detection.centre + reach), [canvas.width, canvas.height]).astype(int)
    return Box(int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1]))


def joined(levels: Sequence[Level]) -> tuple[Detection, ...]:
    """Each face that any of ``levels``, the largest views first, shows, once.

    A face is taken from the first view that shows it well; from the nearest, if none does.
    """
    kept: list[Detection] = []
    for level in levels:
        _add(kept, [one for one in level.found if one.box[2] >= level.well_seen])
    for level in reversed(levels):
        _add(kept, level.found)
    return tuple(kept)


def _add(kept: list[Detection], found: Sequence[Detection]) -> None:
    """Add to ``kept``, best first, those of ``found`` that are none of them."""
    for one in sorted(found, key=lambda one: one.score, reverse=True):
        if all(_shared(one.box, other.box) < SAME_FACE for other in kept):
            kept.append(one)


def _starts(length: int, side: int, overlap: int) -> list[int]:
    """Where tiles of ``side`` begin that cover ``length`` and overlap by ``overlap`` at least."""
    if length <= side:
        return [0]
    count = -(-(length - overlap) // (side - overlap))
    return [round(index * (length - side) / (count - 1)) for index in range(count)]


def _shared(box: Float, other: Float) -> float:
    """The intersection of two boxes, (4,) x, y, width, height, over the smaller one's area."""
    low = np.maximum(box[:2], other[:2])
    high = np.minimum(box[:2] + box[2:], other[:2] + other[2:])
    area = float(np.prod(np.maximum(high - low, 0)))
    return area / max(float(min(np.prod(box[2:]), np.prod(other[2:]))), 1e-6)
