"""A QR code in a PDF."""

from __future__ import annotations

import segno
from reportlab.platypus import Flowable  # type: ignore[import-untyped]


class Code(Flowable):  # type: ignore[misc]
    """A QR code as vectors, sharp at any size; its quiet zone is part of the page's margin.

    ``module``: the side of one of its squares, in points.
    """

    def __init__(self, code: segno.QRCode, module: float) -> None:
        super().__init__()
        self._rows = [list(row) for row in code.matrix]
        self._module = module
        self.width = self.height = module * len(self._rows)

    def draw(self) -> None:
        """Draw one box per run of dark modules; adjacent boxes would show seams."""
        self.canv.setFillColorRGB(0, 0, 0)
        for number, row in enumerate(self._rows):
            bottom = self.height - (number + 1) * self._module
            start = 0
            for at, dark in enumerate([*row, 0]):
                if not dark:
                    if at > start:
                        self._box(start, at, bottom)
                    start = at + 1

    def _box(self, start: int, end: int, bottom: float) -> None:
        left, width = start * self._module, (end - start) * self._module
        self.canv.rect(left, bottom, width, self._module, stroke=0, fill=1)
