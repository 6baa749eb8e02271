"""Whether a variant may stand in for its parent: both run on the same inputs, and are compared."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from appliance.inference.optimize.ranges import Feed
from appliance.inference.session import FAILURES, plain_session

Outputs = tuple[NDArray[np.float32], ...]

BATCHES_ALIKE = 1e-4
"""The most that a sample may differ from itself when it is not alone in its batch."""


def outputs(
    model: onnx.ModelProto, feeds: Sequence[Feed], library: Path | None = None
) -> list[Outputs]:
    """What ``model``, with the operators of ``library``, makes of each feed, on the CPU."""
    session = plain_session(model.SerializeToString(), library)
    names = [value.name for value in model.graph.output]
    return [tuple(session.run(names, dict(feed))) for feed in feeds]


def error(found: Sequence[Outputs], wanted: Sequence[Outputs]) -> float:
    """The largest |found - wanted| / |wanted| (Euclidean) of any output on any feed.

    An output that is not a number somewhere errs infinitely, as does one of another shape. Where
    ``wanted`` is zero throughout the plain difference counts.
    """
    worst = 0.0
    for one, other in zip(found, wanted, strict=True):
        for value, right in zip(one, other, strict=True):
            if value.shape != right.shape or not np.isfinite(value).all():
                return float("inf")
            size = float(np.linalg.norm(right.astype(np.float64))) or 1.0
            worst = max(worst, float(np.linalg.norm(value.astype(np.float64) - right)) / size)
    return worst


def batches_alike(model: onnx.ModelProto, feeds: Sequence[Feed], alone: Sequence[Outputs]) -> bool:
    """Whether ``model`` makes of two feeds at once what it makes of each ``alone``."""
    pair = list(feeds[:2]) * (2 if len(feeds) == 1 else 1)
    both = {name: np.concatenate([feed[name] for feed in pair]) for name in pair[0]}
    try:
        (together,) = outputs(model, [both])
    except FAILURES:
        return False
    expected = list(alone[:2]) * (2 if len(feeds) == 1 else 1)
    if any(len(value) != len(pair) for value in together):
        return False
    split = [tuple(value[at : at + 1] for value in together) for at in range(len(pair))]
    return error(split, expected) <= BATCHES_ALIKE
