"""A region of a photo that a clinician draws, and what is to be done with it.

The file that may hold regions instead of the command line is TOML::

    version = 1

    [picture]
    width = 3024
    height = 4032

    [[region]]
    mode = "line"
    corners = [[1210, 1840], [1230, 1836], [1244, 1990], [1222, 1994]]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from types import MappingProxyType
from typing import Literal, TypeAlias

import msgspec

from appliance.errors import HandleError, InputError

RegionMode: TypeAlias = Literal["line", "region", "shape", "mean"]
"""Three ways of :mod:`appliance.pipeline.simulation.mirror`, and that of
:mod:`appliance.pipeline.simulation.mean_shape`."""

MODE_WORDS: Mapping[RegionMode, str] = MappingProxyType(
    {
        "line": "fine structure from the other half",
        "region": "skin from the other half",
        "shape": "shape of the other half",
        "mean": "towards the mean shape of faces",
    }
)
"""What is done in each mode."""

SHAPES: frozenset[RegionMode] = frozenset(("shape", "mean"))
"""The modes that move the mesh."""

ALL = 100  # percent

Outline: TypeAlias = Sequence[tuple[float, float]]
"""The corners of a polygon: x, y in pixels of the picture."""

MOST = 200  # corners
MOST_REGIONS = 16
MAX_BYTES = 64 * 1024
VERSION = 1

_HINT = "docs/simulation.md shows a file of regions."


@dataclass(frozen=True, slots=True)
class DrawnRegion:
    """A polygon, and what is done with what it encloses.

    ``share``: of the way, percent, of modes that move the mesh; skin is taken as a whole.
    """

    mode: RegionMode
    corners: Outline
    share: int = ALL

    @property
    def words(self) -> str:
        """What is done."""
        part = "" if self.share == ALL else f", {self.share} % of the way"
        return f"{MODE_WORDS[self.mode]}{part}"

    @property
    def is_possible(self) -> bool:
        """Whether the mode has such a share."""
        least = 1 if self.mode in SHAPES else ALL
        return least <= self.share <= ALL

    def area(self, mm: float) -> float:
        """In mm²; ``mm`` of a pixel. Of a polygon that does not cross itself."""
        ends = (*self.corners[1:], self.corners[0])
        twice = sum(
            x * next_y - next_x * y
            for (x, y), (next_x, next_y) in zip(self.corners, ends, strict=True)
        )
        return abs(twice) / 2 * mm**2


class _Picture(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    width: int
    height: int


class _Region(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    mode: RegionMode
    corners: list[tuple[float, float]]
    share: int = ALL


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    picture: _Picture
    region: list[_Region]


def read_regions(data: bytes, size: tuple[int, int]) -> tuple[DrawnRegion, ...]:
    """The regions in a file, for a photo of ``size`` (w, h), upright. Raises ``InputError``."""
    if len(data) > MAX_BYTES:
        raise InputError("The file is larger than a file of regions can be.", _HINT)
    try:
        found = msgspec.toml.decode(data, type=_File)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InputError("The file of regions is not as it must be.", _HINT) from error
    if found.version != VERSION:
        raise InputError("The file of regions is of another version of this program.", _HINT)
    if (found.picture.width, found.picture.height) != size:
        raise InputError(
            "The regions were drawn on a photo of another size.",
            "Use the file of regions that belongs to this photo.",
        )
    regions = tuple(DrawnRegion(one.mode, tuple(one.corners), one.share) for one in found.region)
    if not all(one.is_possible for one in regions):
        raise InputError(
            "A region has a share that cannot be.",
            "Shares are 1 to 100, of shape and mean; leave them out elsewhere.",
        )
    return regions


def check_outline(outline: Outline, size: tuple[int, int]) -> None:
    """Raises ``HandleError`` unless it is a polygon inside a picture of ``size`` (w, h)."""
    if not 3 <= len(outline) <= MOST:
        raise HandleError(
            f"A region has 3 to {MOST} corners.", "Name them one after the other around it."
        )
    for x, y in outline:
        if not (isfinite(x) and isfinite(y) and 0 <= x <= size[0] - 1 and 0 <= y <= size[1] - 1):
            raise HandleError(
                "The region lies in part outside the picture.",
                "Its numbers are pixels from the picture's top left corner.",
            )
