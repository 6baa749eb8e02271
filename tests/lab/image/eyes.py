"""Reads a screen as a person does: the words on a picture of it, and where they are.

tesseract reads dark print on white paper. So the picture is first made into that: each plain
surface (page, button, field) becomes white, and what is drawn on it black, whatever its colours;
photos, which have no plain surface, are left out. Letters that stand alone on a key are not read at
all reliably: ``Sight.pad`` finds keys by their places.
"""

from __future__ import annotations

import csv
import difflib
import io
import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

_ENLARGED = 2  # times: print of 16 pixels is small for tesseract
_LEAST_SURE = 0  # of 100: what was read of few letters is right, and yet unsure
_LEAST_ALIKE = 0.84
_LEAST_SURFACE = 900  # pixels
_LEAST_PAGE, _PAGE_SHARE, _BUTTON_SHARE = 200_000, 0.3, 0.7  # of the rectangle around it
_PLAIN_SHARE = 0.12  # of the surroundings, that makes them more than a photo
_SURROUNDINGS = 25  # pixels
_FULL = 255
_WORD_LEVEL = "5"
_LINE = ("block_num", "par_num", "line_num")
_KEY_TOLERANCE = 3  # pixels
_CORNER = 5  # pixels of a button's border that is round
_BUTTON_HEIGHTS, _BUTTON_WIDTHS = range(36, 90), range(40, 420)  # pixels


@dataclass(frozen=True)
class Box:
    """A rectangle of the picture, in its pixels."""

    left: int
    top: int
    width: int
    height: int

    @property
    def middle(self) -> tuple[int, int]:
        """Its middle."""
        return self.left + self.width // 2, self.top + self.height // 2

    def holds(self, place: tuple[int, int]) -> bool:
        """Whether ``place`` is in it."""
        x, y = place
        return 0 <= x - self.left < self.width and 0 <= y - self.top < self.height


@dataclass(frozen=True)
class Word:
    """One that was read, and the line that it is in."""

    text: str
    box: Box
    line: tuple[int, ...]


@dataclass(frozen=True)
class Surface:
    """A part of one colour, such as a button: its border, and its red, green and blue."""

    box: Box
    colour: tuple[int, int, int]


class Sight:
    """What is seen on one picture."""

    def __init__(self, picture: Image.Image) -> None:
        self.picture = picture
        self._pixels = np.asarray(picture.convert("RGB"))

    @cached_property
    def surfaces(self) -> list[Surface]:
        """The plain parts of the picture, the largest first."""
        packed = self._pixels.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
        colours, counts = np.unique(packed, return_counts=True)
        found = []
        for colour in colours[counts >= _LEAST_SURFACE]:
            mask = (packed == colour).astype(np.uint8)
            _, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
            rgb = (int(colour) >> 16, int(colour) >> 8 & _FULL, int(colour) & _FULL)
            for left, top, wide, high, area in stats[1:]:
                least = _PAGE_SHARE if wide * high > _LEAST_PAGE else _BUTTON_SHARE
                if area >= max(_LEAST_SURFACE, least * wide * high):
                    box = Box(int(left), int(top), int(wide), int(high))
                    found.append((int(area), Surface(box, rgb)))
        found.sort(key=lambda pair: -pair[1].box.width * pair[1].box.height)
        return [surface for _, surface in found]

    @cached_property
    def paper(self) -> NDArray[np.uint8]:
        """The picture as dark print on white paper."""
        paper = np.full(self._pixels.shape[:2], _FULL, np.uint8)
        plain = np.zeros(self._pixels.shape[:2], np.float32)
        for surface in self.surfaces:
            part = _part(surface.box)
            apart = np.abs(self._pixels[part].astype(np.int16) - surface.colour).max(axis=2)
            most = max(int(np.percentile(apart, 99.5)), 1)
            paper[part] = _FULL - np.minimum(apart.astype(np.int32) * _FULL // most, _FULL)
            plain[part] = (apart == 0).astype(np.float32)
        around = cv2.boxFilter(plain, -1, (_SURROUNDINGS, _SURROUNDINGS))
        paper[around < _PLAIN_SHARE] = _FULL
        return paper

    @cached_property
    def words(self) -> list[Word]:
        """All that was read: what is on buttons apart from the rest, which confuses less."""
        buttons = np.full_like(self.paper, _FULL)
        rest = self.paper.copy()
        for surface in self.surfaces:
            box = surface.box
            if box.height in _BUTTON_HEIGHTS and box.width in _BUTTON_WIDTHS:
                rest[_part(box)] = _FULL
                inner = _part(box, _CORNER)
                buttons[inner] = self.paper[inner]
        return [*_read(buttons, 0), *_read(rest, 1)]

    @property
    def text(self) -> str:
        """All words, line by line."""
        return "\n".join(" ".join(word.text for word in line) for line in self._lines())

    def find(self, phrase: str) -> Box | None:
        """Where ``phrase`` is, or ``None``; where it has least around it, as on a button."""
        wanted = _plain(phrase)
        best: tuple[float, Box] | None = None
        for line in self._lines():
            for start in range(len(line)):
                for end in range(start + 1, min(len(line), start + phrase.count(" ") + 3) + 1):
                    said = _plain("".join(word.text for word in line[start:end]))
                    alike = difflib.SequenceMatcher(None, wanted, said).ratio()
                    if alike < _LEAST_ALIKE or (len(wanted) <= 4 and said != wanted):
                        continue
                    more = sum(len(_plain(word.text)) for word in line) - len(said)
                    rank = alike - more / 100
                    if best is None or rank > best[0]:
                        best = rank, _around([word.box for word in line[start:end]])
        return best[1] if best else None

    def find_all(self, pattern: str) -> list[str]:
        """What matches a regular expression, in the lines read."""
        return [found[0] for found in re.finditer(pattern, self.text)]

    def under(self, place: tuple[int, int]) -> Surface | None:
        """The smallest plain surface that ``place`` is on."""
        for surface in reversed(self.surfaces):
            if surface.box.holds(place):
                return surface
        return None

    def pad(self, rows: Sequence[Sequence[str]]) -> dict[str, tuple[int, int]]:
        """The places of the keys of a pad that has these rows; empty if there is none."""
        for sample in self.surfaces:
            like = [one.box for one in self.surfaces if _same_size(one.box, sample.box)]
            tops = _steps(sorted(box.top for box in like))
            lefts = _steps(sorted(box.left for box in like))
            if len(tops) == len(rows) and len(lefts) == len(rows[0]):
                middle = (sample.box.width // 2, sample.box.height // 2)
                return {
                    label: (left + middle[0], top + middle[1])
                    for top, labels in zip(tops, rows, strict=True)
                    for left, label in zip(lefts, labels, strict=True)
                }
        return {}

    def _lines(self) -> Iterator[list[Word]]:
        lines: dict[tuple[int, ...], list[Word]] = {}
        for word in self.words:
            lines.setdefault(word.line, []).append(word)
        yield from lines.values()


def _read(paper: NDArray[np.uint8], sheet: int) -> list[Word]:
    size = (paper.shape[1] * _ENLARGED, paper.shape[0] * _ENLARGED)
    large = cv2.resize(paper, size, interpolation=cv2.INTER_CUBIC)
    done = subprocess.run(
        ["tesseract", "-", "-", "--psm", "11", "--dpi", "150", "-l", "eng", "tsv"],
        input=cv2.imencode(".png", large)[1].tobytes(),
        env=os.environ | {"OMP_THREAD_LIMIT": "1"},
        capture_output=True,
        check=True,
    )
    table = csv.DictReader(
        io.StringIO(done.stdout.decode()), delimiter="\t", quoting=csv.QUOTE_NONE
    )
    return [
        Word(row["text"], _box(row), (sheet, *(int(row[name]) for name in _LINE)))
        for row in table
        if row["level"] == _WORD_LEVEL and float(row["conf"]) >= _LEAST_SURE
        if _plain(row["text"])
    ]


def _part(box: Box, less: int = 0) -> tuple[slice, slice]:
    """Of the picture's pixels, those of ``box``, or ``less`` of them at each side."""
    rows = slice(box.top + less, box.top + box.height - less)
    return rows, slice(box.left + less, box.left + box.width - less)


def _box(row: dict[str, str]) -> Box:
    left, top, width, height = (
        int(row[name]) // _ENLARGED for name in ("left", "top", "width", "height")
    )
    return Box(left, top, width, height)


def _plain(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def _around(boxes: Sequence[Box]) -> Box:
    left, top = min(box.left for box in boxes), min(box.top for box in boxes)
    right = max(box.left + box.width for box in boxes)
    bottom = max(box.top + box.height for box in boxes)
    return Box(left, top, right - left, bottom - top)


def _same_size(one: Box, other: Box) -> bool:
    return (
        abs(one.width - other.width) <= _KEY_TOLERANCE
        and abs(one.height - other.height) <= _KEY_TOLERANCE
    )


def _steps(places: Sequence[int]) -> list[int]:
    """One of those that are next to each other."""
    return [
        place
        for before, place in zip([-100, *places], places, strict=False)
        if place - before > _KEY_TOLERANCE
    ]
