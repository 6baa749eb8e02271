"""Graphs that stand in for models whose weights may not be shipped.

Names, shapes and value ranges are those of the published files, written down here apart from the
contracts so that one can be held against the other. ``tiny`` graphs do something simple that a
test can work out by hand; ``bench`` graphs have layers that cost what the originals' cost, with
seeded noise for weights. Neither can swap anybody's face.

    python -m tests.inference.standins FOLDER [--size bench] [--half] [--batch] [FAMILY ...]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Literal

import onnx

from tests.inference.standins import (
    detectors,
    generators,
    landmarks,
    pictures,
    recognisers,
    restorers,
)
from tests.inference.standins.net import Net

Size = Literal["tiny", "bench"]
BATCH = "batch"

_BUILDERS: Mapping[str, Callable[..., None]] = MappingProxyType(
    {
        "yunet": detectors.yunet,
        "scrfd": detectors.anchored,
        "retinaface": partial(detectors.anchored, wide=True),
        "yolo-face": detectors.yolo_face,
        "2dfan4": landmarks.fan4,
        "peppa-wutz": landmarks.peppa_wutz,
        "fan-68-5": landmarks.fan_68_5,
        "liveportrait-203": landmarks.liveportrait_203,
        "sface": recognisers.sface,
        "arcface": recognisers.arcface,
        "crossface": recognisers.crossface,
        "gfpgan": partial(restorers.restorer, side=512, weight=True),
        "codeformer": partial(restorers.restorer, side=512, weight=True, kind="code"),
        "restoreformer-plus-plus": partial(restorers.restorer, side=512, kind="code"),
        **{
            f"gpen-{side}": partial(restorers.restorer, side=side)
            for side in (256, 512, 1024, 2048)
        },
        "real-esrgan-x2": partial(pictures.upscaler, scale=2),
        "real-esrgan-x4": partial(pictures.upscaler, scale=4),
        "bisenet": pictures.bisenet,
        "xseg": pictures.xseg,
        **{
            family: partial(generators.generator, plan=plan)
            for family, plan in generators.PLANS.items()
        },
    }
)
FAMILIES = tuple(_BUILDERS)
_ONE_AT_A_TIME = {"scrfd", "retinaface", "gfpgan", "gpen-256", "gpen-512", "gpen-1024", "gpen-2048"}


def model(
    family: str, size: Size = "tiny", *, half: bool = False, batched: bool = False
) -> onnx.ModelProto:
    """The stand-in for a file of ``family``.

    ``half``: fp16 within, float32 without. ``batched``: the first axis of every tensor is free;
    not for those that work out weights from their one sample, or give rows without a batch.
    """
    if batched and family in _ONE_AT_A_TIME:
        raise ValueError(f"{family} takes one at a time")
    net = Net(family, half=half, batch=BATCH if batched else 1)
    _BUILDERS[family](net, bench=size == "bench")
    return net.model()
