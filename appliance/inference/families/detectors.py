"""Networks that find faces and five points of each.

All take 640² px BGR, the picture scaled to fit into the top left corner.
"""

from __future__ import annotations

from appliance.inference.contract import HALF, UNIT, Channels, Contract, ImageInput, Output, Triple

ROLE = "detector"
SIDE = 640
STRIDES = (8, 16, 32)

_SCRFD_STD: Triple = (128.0, 128.0, 128.0)


def _anchored(family: str) -> Contract:
    """Two anchors a cell; scores are probabilities, boxes distances to the four sides.

    Distances and the five points are relative to the anchor, in units of the stride. Outputs are
    identified by their places, since every export numbers them differently.
    """
    return Contract(
        family,
        ROLE,
        (ImageInput("input", (SIDE, SIDE), channels=Channels.BGR, mean=HALF, std=_SCRFD_STD),),
        tuple(
            Output(None, (2 * (SIDE // stride) ** 2, width))
            for width in (1, 4, 10)
            for stride in STRIDES
        ),
    )


FAMILIES = (
    # One row a cell of the grid at strides 8, 16, 32; cls and obj are probabilities
    # (score = sqrt(cls * obj)), bbox is 4 and kps 5 x 2 numbers in units of the stride.
    Contract(
        "yunet",
        ROLE,
        (ImageInput("input", (SIDE, SIDE), channels=Channels.BGR),),
        tuple(
            Output(f"{kind}_{stride}", (1, (SIDE // stride) ** 2, width))
            for kind, width in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10))
            for stride in STRIDES
        ),
    ),
    _anchored("scrfd"),
    _anchored("retinaface"),
    # Columns are candidates: centre x, y, width, height in pixels, score, 5 x (x, y, confidence).
    Contract(
        "yolo-face",
        ROLE,
        (ImageInput("input", (SIDE, SIDE), channels=Channels.BGR, std=UNIT),),
        (Output("output", (1, 20, sum((SIDE // stride) ** 2 for stride in STRIDES))),),
    ),
)
