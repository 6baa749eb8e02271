"""The 478-point face mesh: what each point marks.

Indices are those of MediaPipe Face Mesh (Kartynnik et al., 2019; Grishchenko et al., "Attention
Mesh", 2020): 468 points of the canonical face, then five of each iris, centre first.
"Right" is the subject's right, on the left of an upright picture.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.imaging.types import Float

POINTS = 478
SKIN_POINTS = 468
RIGHT_IRIS, LEFT_IRIS = 468, 473


def indices(text: str) -> NDArray[np.intp]:
    """Mesh points, written as numbers with blanks between them: (n,)."""
    return np.array(text.split(), np.intp)


OVAL = indices(
    "10 338 297 332 284 251 389 356 454 323 361 288 397 365 379 378 400 377 152 148 176 149 150 136"
    " 172 58 132 93 234 127 162 21 54 103 67 109"
)
INNER_LIPS = indices("78 191 80 81 82 13 312 311 310 415 308 324 318 402 317 14 87 178 88 95")
OUTER_LIPS = indices("61 185 40 39 37 0 267 269 270 409 291 375 321 405 314 17 84 181 91 146")
RIGHT_EYE = indices("33 246 161 160 159 158 157 173 133 155 154 153 145 144 163 7")
LEFT_EYE = indices("263 466 388 387 386 385 384 398 362 382 381 380 374 373 390 249")
EYE_CORNERS = indices("33 263")

# The 68 points of iBUG 300-W as mesh points.
LANDMARKS_68 = indices(
    "127 234 132 58 172 136 149 176 152 400 378 365 397 288 361 454 356"
    " 70 63 105 66 107 336 296 334 293 300 168 6 197 195 98 97 2 326 327"
    " 33 160 158 133 153 144 362 385 387 263 373 380"
    " 61 39 37 0 267 269 291 405 314 17 84 181 78 82 13 312 308 317 14 87"
)


def five_points(points: Float) -> Float:
    """Eye centres, nose tip and mouth corners of a (468+, 2) mesh: (5, 2), left ones first."""
    return np.stack(
        [
            points[RIGHT_EYE].mean(axis=0),
            points[LEFT_EYE].mean(axis=0),
            points[1],
            points[61],
            points[291],
        ]
    ).astype(np.float32)


def eye_distance(points: Float) -> float:
    """Between the outer eye corners, in the points' unit: the yardstick of every other measure."""
    right, left = points[EYE_CORNERS]
    return float(np.linalg.norm(right - left))


def mouth_openness(points: Float) -> float:
    """The gap of the inner lips over the eye distance: under 0.05 closed, over 0.06 open."""
    return float(np.linalg.norm(points[13] - points[14])) / max(eye_distance(points), 1e-6)


def eye_openness(points: Float) -> tuple[float, float]:
    """The gap of the lids of the right and the left eye over the eye distance."""
    scale = max(eye_distance(points), 1e-6)
    right = (points[159] - points[145], points[158] - points[153], points[160] - points[144])
    left = (points[386] - points[374], points[385] - points[380], points[387] - points[373])
    return (
        float(np.mean([np.linalg.norm(gap) for gap in right])) / scale,
        float(np.mean([np.linalg.norm(gap) for gap in left])) / scale,
    )


def gaze(points: Float) -> Float:
    """Where both irises lie, off the middle between the corners of their eyes: (2,).

    Across the face, and upwards or downwards from the line between the corners; in widths of an
    eye. Of ``points`` x and y are used. What differs between the eyes is not gaze.
    """
    outer, inner = points[[33, 263], :2], points[[133, 362], :2]
    along, off = inner - outer, points[[RIGHT_IRIS, LEFT_IRIS], :2] - outer
    squares = np.maximum((along**2).sum(axis=1), 1e-6)
    aside = (along * off).sum(axis=1) / squares
    above = (along[:, 0] * off[:, 1] - along[:, 1] * off[:, 0]) / squares
    # The lines run towards the nose, so that of one eye runs against the other's.
    both = [aside[0] - aside[1], above[0] - above[1]]
    return np.array(both, np.float32) / np.float32(2)
