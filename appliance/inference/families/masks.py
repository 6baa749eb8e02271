"""Segmentation networks: what each pixel shows."""

from __future__ import annotations

from appliance.inference.contract import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    UNIT,
    Channels,
    Contract,
    ImageInput,
    Layout,
    Output,
)

FAMILIES = (
    # The probability that a pixel belongs to a person, 0..1.
    Contract(
        "mediapipe-selfie",
        "person-mask",
        (ImageInput("input_1", (256, 256), layout=Layout.NHWC, std=UNIT),),
        (Output("activation_10", (1, 256, 256, 1)),),
    ),
    # How much of each pixel of an aligned crop is face, with nothing in front of it, 0..1.
    Contract(
        "xseg",
        "occluder",
        (ImageInput("input", (256, 256), Layout.NHWC, Channels.BGR, std=UNIT),),
        (Output(None, (1, 256, 256, 1)),),
    ),
    # Nineteen classes of CelebAMask-HQ (Lee et al., 2020), one score for each.
    Contract(
        "bisenet",
        "face-parser",
        (ImageInput("input", (512, 512), mean=IMAGENET_MEAN, std=IMAGENET_STD),),
        (Output(None, (1, 19, 512, 512)),),
    ),
)
