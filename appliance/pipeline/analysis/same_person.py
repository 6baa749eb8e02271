"""Whether each face that is about to be changed is the source's: what a gate decides by.

A gate judges by the worst that was seen, and looks at every face that is changed:

1. *Every face is looked at*, in every frame, before it is changed: it is cut out as the recogniser
   sees it. Which cut-outs are measured (their cosine to the source) depends on what they show.
2. *Measured* are the first and the last of a track, one a second and one in 30 at least, and each
   that differs from the one that was measured before it by so much that its cosine might be below
   the threshold (``STEEPEST``), or that is more blurred (``AS_CRISP``). The recogniser sees nothing
   but the cut-out, so that how far that has changed bounds how far the cosine has.
3. *Between measurements that disagree* every frame is measured: where a cosine is below the
   threshold, so are all frames back to the measurement before it.
4. *The worst decides*: one sharp face below the threshold makes the whole result another person's.
   There is no mean and no quantile; a moment of another person is another person.
5. *What cannot be recognised is not changed*: a face in the dark, or one that motion blurs until
   its cosine is below the threshold, which blur does to anyone's. So a film of one person passes
   in which the light goes out or the camera is jerked, and no other face can hide there.

A cosine that is no number counts as -1, see ``similarity`` in
:mod:`appliance.pipeline.networks.recogniser`, and comparisons are written so that doubt denies.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

import cv2
import numpy as np

from appliance.pipeline.face_model.boxes import face_box
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.media.canvas import Canvas
from appliance.pipeline.networks.recogniser import Recogniser, similarity

# From one measurement of a track to the next: seconds of film, and frames, whatever their times
# claim.
SECONDS, FRAMES = 1.0, 30
# How far the cosine to the source falls for each unit of distance between two views (see _View). In
# dissolves from any sample portrait to another's it is 1.71 at most, in turns of the head 0.6.
STEEPEST = 1.75
# Share of its sharpness from which a cut-out is as crisp as another: blur hardly changes a view.
AS_CRISP = 0.7
# Percent, see _sharpness. Sample portraits have 8 and more, also with noise; where motion blur
# takes one below SFace's threshold, it has 4.5 and less.
SHARP = 5.5
# Standard deviation of a cut-out in levels of 0-255 below which no face is recognised: in about 4 %
# of the light of the sample portraits.
CONTRAST = 3.0
# Pixels a side in which cut-outs are compared.
_SIDE = 28


@dataclass(frozen=True, slots=True)
class SamePersonReport:
    """``least``: the lowest cosine that counts; ``None`` without any. ``faces``: let through.

    The gate is passed if ``least`` is at least the threshold and no other faces were changed.
    """

    least: float | None
    faces: int


class SamePersonWatch:
    """Decides, frame by frame, which faces of one photo or video may be changed; see the module.

    Not thread-safe; frames come in the order shown.
    """

    def __init__(self, recogniser: Recogniser, embedding: Float, threshold: float) -> None:
        """``embedding``: the source's, (128,), unit. ``threshold``: cosine of one person."""
        self._recogniser = recogniser
        self._embedding = embedding
        self._threshold = threshold
        self._tracks: dict[int, _Track] = {}
        self._least = inf
        self._faces = 0

    def look(self, canvas: Canvas, faces: Sequence[tuple[int, Face]], seconds: float) -> list[bool]:
        """Look at the next frame, before it is changed, which is shown at ``seconds``.

        ``faces``: each with the number of its track; a track that is not among them has ended.
        For each whether it may be changed. Once another person was seen, all may: the result will
        be thrown away.
        """
        for number in self._tracks.keys() - {number for number, _ in faces}:
            self._end(number)
        allowed = [self._may_change(canvas, number, face, seconds) for number, face in faces]
        self._faces += sum(allowed)
        return allowed

    def report(self) -> SamePersonReport:
        """What was seen; nothing can be added afterwards."""
        for number in list(self._tracks):
            self._end(number)
        return SamePersonReport(None if self._least == inf else self._least, self._faces)

    def _may_change(self, canvas: Canvas, number: int, face: Face, seconds: float) -> bool:
        if not self._least >= self._threshold:
            return True
        crop = self._cut_out(canvas, face)
        if crop is None:
            self._end(number)  # who comes out of the dark is measured at once
            return False
        track = self._tracks.setdefault(number, _Track(self._cosine, self._threshold))
        may_change = track.may_change(crop, seconds)
        self._least = min(track.least, self._least)
        return may_change

    def _end(self, number: int) -> None:
        track = self._tracks.pop(number, None)
        if track is not None:
            track.end()
            self._least = min(track.least, self._least)

    def _cut_out(self, canvas: Canvas, face: Face) -> Image | None:
        """What the recogniser sees of the face; ``None`` where there is too little to see."""
        box = face_box(face, canvas)
        if box is None:
            return None
        crop = self._recogniser.crop(canvas.read(box), face.moved(-box.x, -box.y))
        return crop if float(_gray(crop).std()) >= CONTRAST else None

    def _cosine(self, crop: Image) -> float:
        return similarity(self._embedding, self._recogniser.embed_crop(crop))


class _Track:
    """One face from frame to frame. ``least``: the lowest cosine that counts, ``inf`` at first."""

    def __init__(self, measure: Callable[[Image], float], threshold: float) -> None:
        self.least = inf
        self._measure = measure
        self._threshold = threshold
        # The last that was measured: what it looked like, when it was shown, and by how much its
        # cosine is above the threshold.
        self._view: _View | None = None
        self._seconds = 0.0
        self._margin = 0.0
        self._between: list[Image] = []  # what was let through since then

    def may_change(self, crop: Image, seconds: float) -> bool:
        """Whether the next frame's face may be changed: it is the source's or denies the result."""
        view = _View.of(crop)
        if not self._is_due(view, seconds):
            self._between.append(crop)
            return True
        cosine = self._measured(crop)
        self._view, self._seconds, self._margin = view, seconds, cosine - self._threshold
        if not cosine >= self._threshold and not view.sharpness >= SHARP:
            return False
        self.least = min(cosine, self.least)
        return True

    def end(self) -> None:
        """There is no next frame."""
        if self._between:
            self.least = min(self._measured(self._between.pop()), self.least)

    def _is_due(self, view: _View, seconds: float) -> bool:
        if self._view is None or len(self._between) + 1 >= FRAMES:
            return True
        if not 0 <= seconds - self._seconds < SECONDS:
            return True
        if not view.sharpness >= AS_CRISP * self._view.sharpness:
            return True
        return not self._margin - STEEPEST * view.distance(self._view) >= 0

    def _measured(self, crop: Image) -> float:
        """The cosine of ``crop``; if it is low, what was let through before it is measured too."""
        cosine = self._measure(crop)
        if not cosine >= self._threshold:
            self.least = min([self.least, *map(self._measure, self._between)])
        self._between.clear()
        return cosine


@dataclass(frozen=True, slots=True)
class _View:
    """What a cut-out looks like, without a network.

    ``pixels``: (28, 28), grey, with mean 0 and length 1, so that light and contrast do not matter.
    ``sharpness``: see ``_sharpness``.
    """

    pixels: Float
    sharpness: float

    @classmethod
    def of(cls, crop: Image) -> _View:
        """The view of ``crop``, (112, 112, 3) RGB, 0-255."""
        small = cv2.resize(_gray(crop), (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
        level = np.asarray(small, np.float32) - np.float32(small.mean())
        pixels = np.asarray(level / max(float(np.linalg.norm(level)), 1e-6), np.float32)
        return cls(pixels, _sharpness(crop))

    def distance(self, other: _View) -> float:
        """Between 0 and 2; 1.4 where there is nothing in common."""
        return float(np.linalg.norm(self.pixels - other.pixels))


def _gray(crop: Image) -> Image:
    gray: Any = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    return np.asarray(gray, np.uint8)


def _sharpness(crop: Image) -> float:
    """How crisp a cut-out is in the direction in which it is least: percent of its contrast.

    The slope of its details of 1 to 3 pixels. Motion blurs one direction only, and noise is finer.
    """
    gray = _gray(crop).astype(np.float32)
    fine = cv2.GaussianBlur(gray, (0, 0), 1.0) - cv2.GaussianBlur(gray, (0, 0), 3.0)
    across, down = np.diff(fine, axis=1)[:-1], np.diff(fine, axis=0)[:, :-1]
    mixed = float(np.mean(across * down))
    slopes = [[float(np.mean(across**2)), mixed], [mixed, float(np.mean(down**2))]]
    least = float(np.linalg.eigvalsh(np.asarray(slopes))[0])
    return 100 * float(np.sqrt(max(least, 0.0))) / max(float(gray.std()), 1.0)
