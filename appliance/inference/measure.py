"""How long a network takes, measured on dummy input so that no person's photo is needed."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from appliance.inference.contract import ImageInput
from appliance.inference.network import Network
from appliance.inference.session import Numbers, Tensor

ANY_SIZE = (128, 128)  # height, width in px of the picture for networks that take any size


def dummy_inputs(network: Network, count: int = 1) -> tuple[Tensor, dict[str, Numbers]]:
    """The network's first input with ``count`` samples, and its further inputs by name.

    Pictures are mid-grey, all other numbers 0.5. An input without a batch axis is not repeated.
    """
    made: dict[str, Numbers] = {}
    for tensor_in in network.tensors.inputs:
        if isinstance(tensor_in, ImageInput):
            one = tensor_in.tensor(np.full((*(tensor_in.size or ANY_SIZE), 3), 128, np.uint8))
        else:
            one = np.full([side or 1 for side in tensor_in.shape], 0.5, tensor_in.dtype)
        made[tensor_in.name] = one if len(tensor_in.shape) < 2 else np.repeat(one, count, axis=0)
    first = made.pop(network.contract.inputs[0].name)
    return np.asarray(first, np.float32), made


def milliseconds(action: Callable[[], object], seconds: float, limit: int = 50) -> list[float]:
    """The durations of ``action`` in ms, after one run that only warms up.

    It is repeated until ``seconds`` have passed, at least once and at most ``limit`` times.
    """
    action()
    taken: list[float] = []
    while not taken or (sum(taken) < 1000 * seconds and len(taken) < limit):
        start = time.perf_counter()
        action()
        taken.append(1000 * (time.perf_counter() - start))
    return taken
