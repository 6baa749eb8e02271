"""Many pieces of work, each written as if it were alone, that go through networks together.

A piece of work is a generator function: where it needs a network it yields what it asks of it, and
is sent the outputs. Whoever drives many of them puts what they ask of one network into one batch.
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
    """``tensor``, any number of samples, and ``others`` for ``network``: see ``Batcher.run``."""

    network: Batcher
    tensor: Tensor
    others: Mapping[str, Numbers] = field(default_factory=dict)


InferenceTask: TypeAlias = Generator[InferenceRequest, tuple[Tensor, ...], Result]
"""Yields what it asks, is sent the outputs, and returns its result."""


def run_batched(works: Sequence[InferenceTask[Result]]) -> list[Result]:
    """The results of all, in their order; the batches depend on nothing but what is asked.

    Raises whatever one of them does; the others are then left where they are.
    """
    asked: dict[int, InferenceRequest] = {}
    results: dict[int, Result] = {}

    def carry_on(number: int, outputs: tuple[Tensor, ...] | None) -> None:
        try:
            # A generator is started by next, and only then can be sent anything.
            work = works[number]
            asked[number] = next(work) if outputs is None else work.send(outputs)
        except StopIteration as end:
            results[number] = end.value

    for number in range(len(works)):
        carry_on(number, None)
    while asked:
        at_once = _fewest(asked)
        answers = _answered([asked.pop(number) for number in at_once])
        for number, outputs in zip(at_once, answers, strict=True):
            carry_on(number, outputs)
    return [results[number] for number in range(len(works))]


def run_one(work: InferenceTask[Result]) -> Result:
    """One piece of work done."""
    (result,) = run_batched([work])
    return result


def _fewest(asked: Mapping[int, InferenceRequest]) -> list[int]:
    """Those that ask the network that fewest ask: the rest is further on, and waits for them."""
    by_network: dict[int, list[int]] = {}
    for number, ask in asked.items():
        by_network.setdefault(id(ask.network), []).append(number)
    return min((len(numbers), numbers) for numbers in by_network.values())[1]


def _answered(asks: Sequence[InferenceRequest]) -> list[tuple[Tensor, ...]]:
    """What the one network of all ``asks`` gives to each."""
    network = asks[0].network
    if len(asks) == 1:
        return [network.run(asks[0].tensor, **asks[0].others)]
    counts = [len(ask.tensor) for ask in asks]
    others = {
        name: np.concatenate(
            [
                value if len(value) == count else np.repeat(value, count, axis=0)
                for ask, count in zip(asks, counts, strict=True)
                for value in (ask.others[name],)
            ]
        )
        for name in asks[0].others
    }
    outputs = network.run(np.concatenate([ask.tensor for ask in asks]), **others)
    ends = np.cumsum(counts)[:-1]
    return list(zip(*(np.split(output, ends) for output in outputs), strict=True))
