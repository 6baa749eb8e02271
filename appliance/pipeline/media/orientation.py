"""From a stored picture to the upright one: EXIF's eight orientations, and display matrices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.media.canvas import Box

Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Orientation:
    """How a stored picture becomes upright: exchange rows and columns first, then mirror.

    ``flip_x`` mirrors left and right, ``flip_y`` top and bottom, both of the upright picture.
    """

    transpose: bool = False
    flip_x: bool = False
    flip_y: bool = False

    @property
    def is_mirrored(self) -> bool:
        """Whether the upright picture is a mirror image of the stored one."""
        return self.transpose ^ self.flip_x ^ self.flip_y

    @property
    def clockwise(self) -> int:
        """Degrees, 0 to 270, of the turn that follows mirroring left and right if need be."""
        if self.transpose:
            return 270 if self.flip_y != self.is_mirrored else 90
        return 180 if self.flip_y else 0

    def upright(self, stored: NDArray[Scalar]) -> NDArray[Scalar]:
        """An upright view of ``stored``, (h, w, …)."""
        turned = stored.swapaxes(0, 1) if self.transpose else stored
        return turned[:: -1 if self.flip_y else 1, :: -1 if self.flip_x else 1]

    def stored(self, upright: NDArray[Scalar]) -> NDArray[Scalar]:
        """A view of ``upright``, (h, w, …), as it is stored."""
        turned = upright[:: -1 if self.flip_y else 1, :: -1 if self.flip_x else 1]
        return turned.swapaxes(0, 1) if self.transpose else turned

    def stored_box(self, box: Box, width: int, height: int) -> Box:
        """``box`` of the upright picture, ``width`` by ``height`` pixels, in the stored one."""
        x = width - box.x - box.w if self.flip_x else box.x
        y = height - box.y - box.h if self.flip_y else box.y
        return Box(y, x, box.h, box.w) if self.transpose else Box(x, y, box.w, box.h)

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height, in pixels, after the turn; or before it, from those after it."""
        return (height, width) if self.transpose else (width, height)

    def aspect(self, ratio: Fraction) -> Fraction:
        """Width over height of a pixel after the turn, from that before it; or the other way."""
        return 1 / ratio if self.transpose else ratio


UPRIGHT = Orientation()

_EXIF = {
    1: UPRIGHT,
    2: Orientation(flip_x=True),
    3: Orientation(flip_x=True, flip_y=True),
    4: Orientation(flip_y=True),
    5: Orientation(transpose=True),
    6: Orientation(transpose=True, flip_x=True),
    7: Orientation(transpose=True, flip_x=True, flip_y=True),
    8: Orientation(transpose=True, flip_y=True),
}


def from_exif(value: object) -> Orientation:
    """The orientation in EXIF tag 274; anything but 1 to 8 counts as upright, as in viewers."""
    return _EXIF.get(value, UPRIGHT) if isinstance(value, int) else UPRIGHT


IDENTITY = (1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
"""The display matrix that changes nothing."""


def from_display_matrix(matrix: Sequence[int]) -> Orientation:
    """The orientation in a container's display matrix, nine numbers of 16.16 bits.

    Stored (p, q) is shown at (a·p + c·q, b·p + d·q). A matrix that is not a quarter turn, mirrored
    or not, is an effect rather than the way a camera was held, and counts as upright.
    """
    a, b, _, c, d = matrix[:5]
    if a == d == 0 and b and c:
        return Orientation(transpose=True, flip_x=c < 0, flip_y=b < 0)
    if b == c == 0 and a and d:
        return Orientation(flip_x=a < 0, flip_y=d < 0)
    return UPRIGHT


def scale_display_matrix(matrix: Sequence[int], scale: int) -> tuple[int, ...]:
    """A display matrix for a picture ``scale`` times as wide and high: its shift is in pixels."""
    *turn, x, y, one = matrix
    return (*turn, x * scale, y * scale, one)
