"""A page on which pictures, text and scales are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import cv2
import numpy as np
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.selection import SAME_PERSON

Colour: TypeAlias = tuple[int, int, int]
Point: TypeAlias = tuple[float, float]

PAPER: Colour = (250, 250, 248)
INK: Colour = (30, 34, 40)
GREY: Colour = (112, 120, 130)
RULE: Colour = (218, 221, 224)
ACCENT: Colour = (0, 116, 128)

_SUBPIXEL = 4  # fractional bits of cv2's coordinates


@dataclass(slots=True)
class Sheet:
    """Pictures and lines are drawn at once, text in the end, in the font that Pillow contains.

    That font has ASCII and a few more characters, but no arrows and no mathematical signs.
    ``width`` and ``height`` and all coordinates are in pixels, with the origin at the top left.
    """

    width: int
    height: int
    _pixels: Image = field(init=False)
    _texts: list[tuple[Point, str, int, Colour, str]] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self._pixels = np.full((self.height, self.width, 3), PAPER, np.uint8)

    def picture(self, x: int, y: int, image: Image) -> None:
        """Place ``image``, (h, w, 3) uint8 RGB, with its top left corner at ``x``, ``y``."""
        height, width = image.shape[:2]
        self._pixels[y : y + height, x : x + width] = image

    def text(
        self, at: Point, text: str, size: int = 16, colour: Colour = GREY, anchor: str = "la"
    ) -> None:
        """Write ``text``; ``anchor`` is Pillow's, such as "ma" for centred below ``at``."""
        self._texts.append((at, text, size, colour, anchor))

    def rule(self, start: Point, end: Point, colour: Colour = RULE, thickness: int = 1) -> None:
        """A straight line."""
        cv2.line(
            self._pixels, _fixed(start), _fixed(end), colour, thickness, cv2.LINE_AA, _SUBPIXEL
        )

    def dot(self, at: Point, radius: float, colour: Colour, *, hollow: bool = False) -> None:
        """A disc, or the ring of one."""
        size = round(radius * (1 << _SUBPIXEL))
        if hollow:
            cv2.circle(self._pixels, _fixed(at), size, PAPER, -1, cv2.LINE_AA, _SUBPIXEL)
        cv2.circle(
            self._pixels, _fixed(at), size, colour, 2 if hollow else -1, cv2.LINE_AA, _SUBPIXEL
        )

    def scale(self, left: Point, length: float, before: float | None, after: float) -> None:
        """A line from 0 to 1, with a mark at the threshold for the same person.

        A ring shows the similarity ``before``, a disc ``after``.
        """
        x, y = left

        def at(value: float) -> Point:
            return x + min(max(value, 0.0), 1.0) * length, y

        self.rule(left, (x + length, y), RULE, 3)
        mark = at(SAME_PERSON)[0]
        self.rule((mark, y - 8), (mark, y + 8), GREY, 1)
        if before is not None:
            self.rule(at(before), at(after), ACCENT, 3)
            self.dot(at(before), 6, ACCENT, hollow=True)
        self.dot(at(after), 7, ACCENT)

    def finish(self) -> Image:
        """The page with its text, (height, width, 3) uint8 RGB."""
        page = PillowImage.fromarray(self._pixels)
        pen = ImageDraw.Draw(page)
        for at, text, size, colour, anchor in self._texts:
            pen.text(at, text, colour, ImageFont.load_default(size), anchor)
        return np.array(page)


def outline(image: Image, rings: Sequence[Float], colour: Colour, thickness: int = 1) -> Image:
    """A copy of ``image``, (h, w, 3) uint8 RGB, with closed ``rings`` drawn on it.

    Each ring has (n, 2) points in pixels.
    """
    drawn = image.copy()
    fixed = [np.round(ring * (1 << _SUBPIXEL)).astype(np.int32) for ring in rings]
    cv2.polylines(drawn, fixed, True, colour, thickness, cv2.LINE_AA, _SUBPIXEL)
    return drawn


def _fixed(point: Point) -> tuple[int, int]:
    return round(point[0] * (1 << _SUBPIXEL)), round(point[1] * (1 << _SUBPIXEL))
