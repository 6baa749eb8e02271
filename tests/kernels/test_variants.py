"""A fused variant as it is built, measured by the compiled kernels for the CPU."""

from __future__ import annotations

import numpy as np

from appliance.inference import kernels
from appliance.inference.optimize.accuracy import outputs, relative_error
from appliance.inference.optimize.float16 import to_float16
from appliance.inference.optimize.fused import fuse
from appliance.inference.optimize.ranges import Feed
from appliance.inference.optimize.rewrite import rewrite
from appliance.inference.optimize.variants import build
from tests.inference.optimize import reference_operators
from tests.inference.optimize.graphs import generator, noise

SOURCE = noise(2, 512, seed=5) / 22
TARGET = np.random.default_rng(6).random((2, 3, 128, 128), np.float32)
FEEDS: list[Feed] = [
    {"target": TARGET[at : at + 1], "source": SOURCE[at : at + 1]} for at in range(len(TARGET))
]


def test_it_is_measured_and_bound_to_the_library() -> None:
    (candidate,) = build(generator(), FEEDS, ["fp16-fused"])
    assert candidate.accepted
    assert candidate.batched
    assert candidate.error > 1e-5
    assert candidate.kernels == kernels.digest()


def test_the_compiled_kernels_compute_what_the_reference_does() -> None:
    """Other tests run fused graphs with the reference, where nothing was compiled."""
    made = fuse(to_float16(rewrite(generator(), fusing=True)[0]))
    feed: Feed = {"target": TARGET, "source": SOURCE}
    compiled = outputs(made, [feed], kernels.LIBRARY)
    assert relative_error(compiled, [reference_operators.outputs(made, feed)]) < 1e-3
