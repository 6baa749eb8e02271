"""Dynamic batching of coroutines, as Haxl does for data requests and Triton for inference.

A task is a generator function written as if it ran alone: where it needs a network it yields an
``InferenceRequest`` and is sent that network's outputs. ``run_batched`` drives many tasks at once
and puts their requests to one network into one batch.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

import numpy as np

from appliance.inference.batcher import Batcher
from appliance.inference.session import Numbers, Tensor

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class InferenceRequest:
    """A run of ``network`` on ``tensor``, whose first axis counts samples: see ``Batcher.run``.

    ``others``: the network's further inputs, by name.
    """

    network: Batcher
    tensor: Tensor
    others: Mapping[str, Numbers] = field(default_factory=dict)


InferenceTask: TypeAlias = Generator[InferenceRequest, tuple[Tensor, ...], Result]
"""Yields requests, is sent the outputs of each, and returns its result."""


def run_batched(tasks: Sequence[InferenceTask[Result]]) -> list[Result]:
    """The results of all ``tasks``, in order. How they are batched depends on their requests alone.

    An exception that a task or a network raises is passed on; the other tasks are then left
    suspended.
    """
    pending: dict[int, InferenceRequest] = {}
    results: dict[int, Result] = {}

    def resume(number: int, outputs: tuple[Tensor, ...] | None) -> None:
        try:
            # A generator has to be started by next before anything can be sent to it.
            task = tasks[number]
            pending[number] = next(task) if outputs is None else task.send(outputs)
        except StopIteration as end:
            results[number] = end.value

    for number in range(len(tasks)):
        resume(number, None)
    while pending:
        batch = _smallest_group(pending)
        answers = _run([pending.pop(number) for number in batch])
        for number, outputs in zip(batch, answers, strict=True):
            resume(number, outputs)
    return [results[number] for number in range(len(tasks))]


def run_one(task: InferenceTask[Result]) -> Result:
    """The result of one task."""
    (result,) = run_batched([task])
    return result


def _smallest_group(pending: Mapping[int, InferenceRequest]) -> list[int]:
    """The tasks that wait for the network with the fewest requests.

    They lag behind the rest: once they have caught up, all can share a batch again.
    """
    by_network: dict[int, list[int]] = {}
    for number, request in pending.items():
        by_network.setdefault(id(request.network), []).append(number)
    return min((len(numbers), numbers) for numbers in by_network.values())[1]


def _run(requests: Sequence[InferenceRequest]) -> list[tuple[Tensor, ...]]:
    """The outputs of each of ``requests``, all to the same network, from one batch."""
    network = requests[0].network
    if len(requests) == 1:
        return [network.run(requests[0].tensor, **requests[0].others)]
    counts = [len(request.tensor) for request in requests]
    others = {
        name: np.concatenate(
            [
                value if len(value) == count else np.repeat(value, count, axis=0)
                for request, count in zip(requests, counts, strict=True)
                for value in (request.others[name],)
            ]
        )
        for name in requests[0].others
    }
    outputs = network.run(np.concatenate([request.tensor for request in requests]), **others)
    ends = np.cumsum(counts)[:-1]
    return list(zip(*(np.split(output, ends) for output in outputs), strict=True))
