"""Our two operators in NumPy, as ``kernels/fused.h`` defines them: no compiled library is needed.

The classes are named as the operators are, because that is how ONNX's evaluator finds them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun

from appliance.inference import kernels
from appliance.inference.optimize.accuracy import Outputs
from appliance.inference.optimize.ranges import Feed

Half = NDArray[np.float16]


class StyledNorm(OpRun):
    """Instance normalisation with a style, a rectifier, a residual and a reflected border."""

    op_domain = kernels.DOMAIN

    def _run(self, x: Half, style: Half, other: Half | None = None, **settings: Any) -> tuple[Half]:
        """``x``: (n, h, w, c), ``style``: (n, length), ``other``: as ``x``, with its border."""
        wide, row = x.astype(np.float32), style.astype(np.float32)[:, None, None]
        channels = x.shape[3]
        gain, shift = (row[..., settings[at] :][..., :channels] for at in ("gain", "shift"))
        centred = wide - wide.mean((1, 2), keepdims=True)
        variance = centred.var((1, 2), keepdims=True)
        y = centred / np.sqrt(variance + settings["epsilon"]) * gain + shift
        y = _rectified(y, settings["slope"])
        if other is not None:
            inset, (height, width) = settings["inset"], x.shape[1:3]
            y = y + other[:, inset : inset + height, inset : inset + width].astype(np.float32)
        return (_bordered(y, settings["border"]),)


class PadUpsample(OpRun):
    """A rectifier, twice the size where ``scale`` is 2, and a reflected border."""

    op_domain = kernels.DOMAIN

    def _run(self, x: Half, **settings: Any) -> tuple[Half]:
        """``x``: (n, h, w, c)."""
        y = _rectified(x.astype(np.float32), settings["slope"])
        for axis in (1, 2) if settings["scale"] == 2 else ():
            y = _doubled(y, axis)
        return (_bordered(y, settings["border"]),)


def outputs(model: onnx.ModelProto, feed: Feed) -> Outputs:
    """What ``model``, which may hold our operators, makes of ``feed``."""
    found: Any = ReferenceEvaluator(model, new_ops=[StyledNorm, PadUpsample]).run(None, dict(feed))
    return tuple(found)


def _rectified(y: NDArray[np.float32], slope: float) -> NDArray[np.float32]:
    return np.where(y < 0, y * np.float32(slope), y)


def _doubled(y: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """Bilinear along ``axis``, with half-pixel centres: each new pixel is 3 parts its own pixel."""
    last = y.shape[axis] - 1
    before = np.take(y, [0, *range(last)], axis)
    after = np.take(y, [*range(1, last + 1), last], axis)
    pair = np.stack([0.25 * before + 0.75 * y, 0.75 * y + 0.25 * after], axis + 1)
    return pair.reshape(*y.shape[:axis], -1, *y.shape[axis + 1 :])


def _bordered(y: NDArray[np.float32], border: int) -> Half:
    around = (border, border)
    return np.pad(y, ((0, 0), around, around, (0, 0)), mode="reflect").astype(np.float16)
