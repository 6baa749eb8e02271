"""How far a variant errs from its parent: both are run on the same inputs and compared."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from appliance.inference.optimize.ranges import Feed
from appliance.inference.session import FAILURES, plain_session

Outputs = tuple[NDArray[np.float32], ...]

BATCH_TOLERANCE = 1e-4
"""The largest error of a sample in a batch against the same sample alone."""


def outputs(
    model: onnx.ModelProto, feeds: Sequence[Feed], library: Path | None = None
) -> list[Outputs]:
    """The outputs of ``model`` for each of ``feeds``, on the CPU.

    ``library``: of the custom operators that it uses. Raises ``FAILURES`` of ``session``.
    """
    session = plain_session(model.SerializeToString(), library)
    names = [value.name for value in model.graph.output]
    return [tuple(session.run(names, dict(feed))) for feed in feeds]


def relative_error(found: Sequence[Outputs], wanted: Sequence[Outputs]) -> float:
    """The largest |found - wanted| / |wanted| (Euclidean norm) over all outputs and feeds.

    It is infinite if an output has another shape or holds NaN or infinity. If ``wanted`` is all
    zeros it is |found - wanted|.
    """
    worst = 0.0
    for one, other in zip(found, wanted, strict=True):
        for value, right in zip(one, other, strict=True):
            if value.shape != right.shape or not np.isfinite(value).all():
                return float("inf")
            size = float(np.linalg.norm(right.astype(np.float64))) or 1.0
            worst = max(worst, float(np.linalg.norm(value.astype(np.float64) - right)) / size)
    return worst


def batch_independent(
    model: onnx.ModelProto, feeds: Sequence[Feed], single: Sequence[Outputs]
) -> bool:
    """Whether a batch of two feeds gives the outputs ``single`` that each feed gives alone."""
    pair = list(feeds[:2]) * (2 if len(feeds) == 1 else 1)
    both = {name: np.concatenate([feed[name] for feed in pair]) for name in pair[0]}
    try:
        (batched,) = outputs(model, [both])
    except FAILURES:
        return False
    expected = list(single[:2]) * (2 if len(feeds) == 1 else 1)
    if any(len(value) != len(pair) for value in batched):
        return False
    split = [tuple(value[at : at + 1] for value in batched) for at in range(len(pair))]
    return relative_error(split, expected) <= BATCH_TOLERANCE
