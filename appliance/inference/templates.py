"""Where the eyes, nose and mouth of an aligned face lie, by the alignment a network was trained on.

A network that takes an aligned crop was trained on crops of one of these templates; with another it
would see a face that is shifted or of the wrong size. The points are, from the left of the picture:
eye, eye, nose tip, mouth corner, mouth corner.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Template:
    """Five points in the unit square of a crop."""

    name: str
    unit: tuple[Point, Point, Point, Point, Point]

    def points(self, size: int) -> NDArray[np.float32]:
        """(5, 2) x, y in pixels of a ``size``² crop."""
        return np.array(self.unit, np.float32) * np.float32(size)


# InsightFace's mean frontal face on 112² (face_align.py, the frontal of its five views), which
# SimSwap and GHOST took over.
ARCFACE_112_V1 = Template(
    "arcface_112_v1",
    (
        (0.35473214, 0.45658929),
        (0.64526786, 0.45658929),
        (0.50000000, 0.61154464),
        (0.37913393, 0.77687500),
        (0.62086607, 0.77687500),
    ),
)

# Deng et al., "ArcFace", CVPR 2019; InsightFace's arcface_dst on 112².
ARCFACE_112_V2 = Template(
    "arcface_112_v2",
    (
        (0.34191607, 0.46157411),
        (0.65653393, 0.45983393),
        (0.50022500, 0.64050536),
        (0.37097589, 0.82469196),
        (0.63151696, 0.82325089),
    ),
)

# The same on 128², moved right by the eight pixels of InsightFace's norm_crop for sizes that are a
# multiple of 128.
ARCFACE_128 = Template(
    "arcface_128",
    (
        (0.36167656, 0.40387734),
        (0.63696719, 0.40235469),
        (0.50019687, 0.56044219),
        (0.38710391, 0.72160547),
        (0.61507734, 0.72034453),
    ),
)

# Karras, Laine and Aila, "A Style-Based Generator Architecture", CVPR 2019 (the FFHQ alignment), as
# facexlib's FaceRestoreHelper has it on 512².
FFHQ_512 = Template(
    "ffhq_512",
    (
        (0.37691676, 0.46864664),
        (0.62285697, 0.46912813),
        (0.50123859, 0.61331904),
        (0.39308822, 0.72541100),
        (0.61150205, 0.72490465),
    ),
)

# The MTCNN alignment that the published HifiFace weights were trained on, on 512².
MTCNN_512 = Template(
    "mtcnn_512",
    (
        (0.36562865, 0.46733799),
        (0.63305391, 0.46585885),
        (0.50019127, 0.61942959),
        (0.39032951, 0.77598822),
        (0.61178945, 0.77476328),
    ),
)
