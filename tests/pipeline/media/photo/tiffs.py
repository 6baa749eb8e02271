"""TIFFs of any layout, built tag by tag, for no library at hand writes them all."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

_LONG, _SUB_IFDS = 4, 330
Values: TypeAlias = tuple[int, ...]
Order: TypeAlias = Literal["<", ">"]


@dataclass(frozen=True)
class Picture:
    """(h, w, samples) or (h, w), and how it is stored. ``tags``: further ones, or others.

    ``tile``: height and width, or none for strips of 16 rows. ``below``: pictures in SubIFDs.
    """

    samples: NDArray[Any]
    photometric: int = 2
    is_separate: bool = False
    is_deflated: bool = False
    is_differenced: bool = False
    tile: tuple[int, int] | None = None
    extras: Values = ()
    tags: Mapping[int, Values] = field(default_factory=dict)
    below: Sequence[Picture] = ()


def make_tiff(*pages: Picture, order: Order = "<", big: bool = False) -> bytes:
    """A file of these pages, in byte order ``order``, as a TIFF or a ``big`` one."""
    return _Writer(order, big=big).write(pages)


class _Writer:
    def __init__(self, order: Order, *, big: bool) -> None:
        self._order, self._big = order, big
        self._word, self._count = ("Q", "Q") if big else ("I", "H")
        self._data = bytearray(16 if big else 8)

    def write(self, pages: Sequence[Picture]) -> bytes:
        mark = b"II" if self._order == "<" else b"MM"
        places = [self._directory(page) for page in pages]
        for (_, end), (start, _) in pairwise(places):
            struct.pack_into(self._order + self._word, self._data, end, start)
        if self._big:
            self._data[:16] = mark + struct.pack(self._order + "HHHQ", 43, 8, 0, places[0][0])
        else:
            self._data[:8] = mark + struct.pack(self._order + "HI", 42, places[0][0])
        return bytes(self._data)

    def _directory(self, picture: Picture) -> tuple[int, int]:
        """Where a directory was written, and where its link to the next one is."""
        tags = self._tags(picture)
        tags |= {_SUB_IFDS: tuple(self._directory(one)[0] for one in picture.below)}
        tags = {
            tag: values for tag, values in sorted((tags | dict(picture.tags)).items()) if values
        }
        entries = bytearray()
        for tag, values in tags.items():
            raw = struct.pack(f"{self._order}{len(values)}I", *values)
            entries += struct.pack(f"{self._order}HH{self._word}", tag, _LONG, len(values))
            room = struct.calcsize(self._word)
            if len(raw) > room:
                entries += struct.pack(self._order + self._word, self._put(raw))
            else:
                entries += raw.ljust(room, b"\0")
        start = self._put(struct.pack(self._order + self._count, len(tags)) + bytes(entries))
        return start, self._put(bytes(struct.calcsize(self._word)))

    def _tags(self, picture: Picture) -> dict[int, Values]:
        samples = np.atleast_3d(picture.samples)
        height, width, count = samples.shape
        layers = [samples]
        if picture.is_separate:
            layers = [samples[..., [index]] for index in range(count)]
        parts = [self._part(part, picture) for layer in layers for part in _cut(layer, picture)]
        places, sizes = tuple(map(self._put, parts)), tuple(map(len, parts))
        tags: dict[int, Values] = {
            256: (width,),
            257: (height,),
            258: (samples.itemsize * 8,) * count,
            259: (8 if picture.is_deflated else 1,),
            262: (picture.photometric,),
            277: (count,),
            284: (2 if picture.is_separate else 1,),
            317: (2,) if picture.is_differenced else (),
            338: picture.extras,
        }
        if picture.tile is None:
            return tags | {273: places, 278: (16,), 279: sizes}
        tile_height, tile_width = picture.tile
        return tags | {322: (tile_width,), 323: (tile_height,), 324: places, 325: sizes}

    def _part(self, part: NDArray[Any], picture: Picture) -> bytes:
        if picture.is_differenced:
            part = np.diff(part, axis=1, prepend=np.zeros_like(part[:, :1]))
        raw = part.astype(part.dtype.newbyteorder(self._order)).tobytes()
        return zlib.compress(raw) if picture.is_deflated else raw

    def _put(self, raw: bytes) -> int:
        """Where ``raw`` was put: at an even place, except for the link behind a directory."""
        place = len(self._data)
        self._data += raw
        return place


def _cut(layer: NDArray[Any], picture: Picture) -> list[NDArray[Any]]:
    """The strips or tiles of one layer; tiles are filled up with zeros."""
    height, width = layer.shape[:2]
    if picture.tile is None:
        return [layer[top : top + 16] for top in range(0, height, 16)]
    down, across = picture.tile
    padded = np.pad(layer, ((0, -height % down), (0, -width % across), (0, 0)))
    return [
        padded[top : top + down, left : left + across]
        for top in range(0, height, down)
        for left in range(0, width, across)
    ]
