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
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

_ENLARGED = 2  # times: print of 16 pixels is small for tesseract
_LEAST_SURE = 0  # of 100: what was read of few letters is right, and yet unsure
_LEAST_ALIKE, _SHORT = 0.84, 4  # words of so few letters must be read exactly
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
    """One that was read."""

    text: str
    box: Box


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
    def on_buttons(self) -> list[list[Word]]:
        """The lines on buttons. They are read apart from the rest, which confuses less."""
        buttons = np.full_like(self.paper, _FULL)
        for box in self._buttons:
            inner = _part(box, _CORNER)
            buttons[inner] = self.paper[inner]
        return _read(buttons)

    @cached_property
    def elsewhere(self) -> list[list[Word]]:
        """The lines that are on no button."""
        rest = self.paper.copy()
        for box in self._buttons:
            rest[_part(box)] = _FULL
        return _read(rest)

    @cached_property
    def text(self) -> str:
        """All words, line by line."""
        lines = [*self.on_buttons, *self.elsewhere]
        return "\n".join(" ".join(word.text for word in line) for line in lines)

    def find(self, phrase: str) -> Box | None:
        """Where ``phrase`` is, or ``None``; rather on a button than elsewhere."""
        return _find(phrase, self.on_buttons) or _find(phrase, self.elsewhere)

    def says(self, phrase: str) -> bool:
        """Whether ``phrase`` is to be read; quicker than ``find`` for what is on no button."""
        return bool(_find(phrase, self.elsewhere) or _find(phrase, self.on_buttons))

    @property
    def _buttons(self) -> list[Box]:
        boxes = [surface.box for surface in self.surfaces]
        return [
            box for box in boxes if box.height in _BUTTON_HEIGHTS and box.width in _BUTTON_WIDTHS
        ]

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


def _find(phrase: str, lines: Sequence[Sequence[Word]]) -> Box | None:
    """Where ``phrase`` is in ``lines``: in that with least around it."""
    wanted = _plain(phrase)
    most = phrase.count(" ") + 3  # words: some are read as two
    best: tuple[float, Box] | None = None
    for line in lines:
        length = sum(len(_plain(word.text)) for word in line)
        for start in range(len(line)):
            for end in range(start + 1, min(len(line), start + most) + 1):
                said = _plain("".join(word.text for word in line[start:end]))
                alike = difflib.SequenceMatcher(None, wanted, said).ratio()
                if alike < _LEAST_ALIKE or (len(wanted) <= _SHORT and said != wanted):
                    continue
                rank = alike - (length - len(said)) / 100
                if best is None or rank > best[0]:
                    best = rank, _around([word.box for word in line[start:end]])
    return best[1] if best else None


def _read(paper: NDArray[np.uint8]) -> list[list[Word]]:
    """The words on ``paper``, line by line."""
    size = (paper.shape[1] * _ENLARGED, paper.shape[0] * _ENLARGED)
    large = cv2.resize(paper, size, interpolation=cv2.INTER_CUBIC)
    done = subprocess.run(
        ["tesseract", "-", "-", "--psm", "11", "--dpi", "150", "-l", "eng", "tsv"],
        input=cv2.imencode(".png", large)[1].tobytes(),
        env=os.environ | {"OMP_THREAD_LIMIT": "1"},
        capture_output=True,
        check=True,
    )
    said = io.StringIO(done.stdout.decode())
    lines: dict[tuple[str, ...], list[Word]] = {}
    for row in csv.DictReader(said, delimiter="\t", quoting=csv.QUOTE_NONE):
        sure = row["level"] == _WORD_LEVEL and float(row["conf"]) >= _LEAST_SURE
        if sure and _plain(row["text"]):
            line = lines.setdefault(tuple(row[name] for name in _LINE), [])
            line.append(Word(row["text"], _box(row)))
    return list(lines.values())


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
