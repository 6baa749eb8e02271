"""Draws the lines of measures on a picture, before and after."""

from __future__ import annotations

from collections.abc import Sequence

from appliance.cli.drawing.overlay import dots, pen, strokes
from appliance.cli.drawing.sheet import ACCENT, Colour
from appliance.pipeline.imaging.types import Float, Image

BEFORE: Colour = (196, 92, 20)
AFTER: Colour = ACCENT
GUIDE: Colour = (240, 240, 240)


def measured_lines(
    image: Image,
    before: Sequence[Float],
    after: Sequence[Float] | None = None,
    thin: Sequence[Float] = (),
) -> Image:
    """A copy of ``image``, (h, w, 3) RGB, with lines through landmarks, each (n, 2) pixels.

    ``after``: the same lines on the landmarks as they were moved, drawn over the others. ``thin``:
    lines that divide the face, below both.
    """
    width = pen(image)
    drawn = strokes(image, thin, GUIDE, max(1, width // 2), rim=0)
    for lines, colour, thick, rim in (
        (before, BEFORE, width + 2 if after else width, 1),
        (after or (), AFTER, width, 0),
    ):
        drawn = strokes(drawn, lines, colour, thick, rim=rim)
        ends = [point for line in lines for point in line]
        drawn = dots(drawn, ends, colour, 1.6 * thick, rim=rim)
    return drawn
