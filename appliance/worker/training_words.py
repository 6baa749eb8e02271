"""Words over all that a worker makes under a policy of training."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Final

import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.imaging.words_over import WordsOver
from appliance.pipeline.media.canvas import Box, Canvas
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.media.video.canvas import VideoCanvas
from appliance.pipeline.media.video.reader import FrameInfo

WORDS: Final = ("TRAINING", "培训")

_OVER = WordsOver(WORDS, ("training-latin.ttf", "training.ttf"))


def load_training() -> None:
    """Read the fonts. A process that is sealed can open no file any more."""
    _OVER.load()


@dataclass(frozen=True, slots=True)
class TrainingWords:
    """Writes the words over pictures in place, where ``wanted``; else it leaves each bit."""

    wanted: bool

    def over(self, photo: Photo) -> Photo:
        """``photo`` itself, whose pixels now have the words. What they stand on is opaque."""
        if self.wanted:
            canvas = photo.canvas
            _write(canvas)
            if photo.alpha is not None:
                _uncover(photo.alpha, canvas.width, canvas.height)
        return photo

    def over_frame(self, canvas: VideoCanvas, _: FrameInfo) -> None:
        """The same with a frame of a film."""
        if self.wanted:
            _write(canvas.square)


def _write(canvas: Canvas) -> None:
    for line in _OVER.lines(canvas.width, canvas.height):
        box = Box(0, line.top, canvas.width, line.ink.shape[0])
        before = canvas.read(box)
        canvas.write(box, line.over(before), line.ink, before)


def _uncover(alpha: NDArray[np.uint8] | NDArray[np.uint16], width: int, height: int) -> None:
    """Make rows opaque on which words stand in a picture of so many square pixels."""
    rows = alpha.shape[0] / height
    for line in _OVER.lines(width, height):
        below = ceil((line.top + line.ink.shape[0]) * rows)
        alpha[int(line.top * rows) : below] = np.iinfo(alpha.dtype).max
