"""Networks that find hands and their joints."""

from __future__ import annotations

from appliance.inference.contract import UNIT, Contract, ImageInput, Layout, Output

FAMILIES = (
    # One row an anchor: 24² cells with two anchors each, then 12² with six. ``boxes``: centre x, y,
    # width, height, then 7 points x, y, all in pixels from the anchor's centre; ``scores``: logits.
    Contract(
        "mediapipe-palm",
        "palm-detector",
        (ImageInput("image", (192, 192), layout=Layout.NHWC, std=UNIT),),
        (Output("boxes", (1, 2016, 18)), Output("scores", (1, 2016, 1))),
    ),
    # 21 joints x, y, z in pixels of the crop, the probability that it shows a hand and that this is
    # a right one, and the joints in metres.
    Contract(
        "mediapipe-hand",
        "hand-joints",
        (ImageInput("image", (224, 224), layout=Layout.NHWC, std=UNIT),),
        (
            Output("landmarks", (1, 63)),
            Output("presence", (1, 1)),
            Output("handedness", (1, 1)),
            Output("world", (1, 63)),
        ),
    ),
)
