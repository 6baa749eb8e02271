"""How long a network takes: on made-up input, so that nobody's photo is needed for it."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from appliance.inference.contract import ImageInput
from appliance.inference.network import Network
from appliance.inference.session import Numbers, Tensor

ANY_SIZE = (128, 128)  # height and width of the picture that networks of any size are given


def dummy_inputs(network: Network, count: int = 1) -> tuple[Tensor, dict[str, Numbers]]:
    """``count`` samples for each of the network's inputs, the first apart: grey, and halves.

    An input that has no batch gets one.
    """
    made: dict[str, Numbers] = {}
    for put in network.tensors.inputs:
        if isinstance(put, ImageInput):
            one = put.tensor(np.full((*(put.size or ANY_SIZE), 3), 128, np.uint8))
        else:
            one = np.full([side or 1 for side in put.shape], 0.5, put.dtype)
        made[put.name] = one if len(put.shape) < 2 else np.repeat(one, count, axis=0)
    first = made.pop(network.contract.inputs[0].name)
    return np.asarray(first, np.float32), made


def milliseconds(action: Callable[[], object], seconds: float, most: int = 50) -> list[float]:
    """The durations of ``action``, in ms; one before, which warms up, is not counted.

    It is run until ``seconds`` have passed, once at least and ``most`` times at most.
    """
    action()
    taken: list[float] = []
    while not taken or (sum(taken) < 1000 * seconds and len(taken) < most):
        start = time.perf_counter()
        action()
        taken.append(1000 * (time.perf_counter() - start))
    return taken
