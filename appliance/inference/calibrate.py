"""Finding out how many threads, and samples at once, suit a network here: seconds, not minutes."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from appliance.errors import ProviderError
from appliance.inference.batcher import Batcher
from appliance.inference.families import CONTRACTS
from appliance.inference.measure import dummy_inputs, milliseconds
from appliance.inference.network import Network
from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from appliance.inference.session import HOST_PROVIDERS
from appliance.inference.tuning import Setting

SECONDS = 3.0  # for a network, its loading aside
CANDIDATE = 0.5  # for one pair of numbers; one run at least
WORTH = 0.95
"""More threads or samples are taken only if a sample then takes less than this share of the time:
what gains nothing costs memory, delay, and cores that other stages want."""
HOST_BATCHES, DEVICE_BATCHES = (2, 4, 8), (2, 4, 8, 16, 32)
"""Samples at once that are tried. Memory grows with them, and caches are small."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One pair of numbers, and the ms that a sample took with them."""

    threads: int
    batch: int
    ms: float


def calibrate(
    pack: ModelPack, role: str, provider: str, *, device: int = 0, seconds: float = SECONDS
) -> tuple[Setting, tuple[Trial, ...]]:
    """What suits the network that plays ``role`` on ``provider``, and all that was tried.

    Threads first, with one sample, where cores compute; then samples. Once ``seconds`` are spent
    nothing further is tried: a network as slow as that gains little by either.
    Raises what ``Runtime.load`` raises, and ProviderError.
    """
    trying = _Trying(pack, role, provider, device, time.monotonic() + seconds)
    by_threads = trying.until_worse(trying.threads())
    alone = _best(by_threads)
    by_batch = trying.until_worse(chain([alone], trying.batches(alone.threads)))
    best = _best(by_batch)
    tried = (*by_threads, *by_batch[1:])
    return Setting(best.threads, best.batch, round(best.ms, 3)), tried


def _best(trials: Sequence[Trial]) -> Trial:
    """That with the fewest threads and samples among those that are as good as the quickest."""
    least = min(trial.ms for trial in trials)
    good = [trial for trial in trials if trial.ms * WORTH <= least]
    return min(good, key=lambda trial: (trial.threads, trial.batch))


@dataclass
class _Trying:
    """The trials of one network. ``end``: when nothing further is tried, as ``monotonic`` has it.

    The time that it takes to load the network is put on top.
    """

    pack: ModelPack
    role: str
    provider: str
    device: int
    end: float

    def until_worse(self, trials: Iterator[Trial]) -> list[Trial]:
        """One after the other, as long as there is time and they do not get worse."""
        done: list[Trial] = []
        for trial in trials:
            done.append(trial)
            least = min(one.ms for one in done)
            if time.monotonic() > self.end or trial.ms * WORTH > least:
                break
        return done

    def threads(self) -> Iterator[Trial]:
        """All cores, half of them, and so on; what computes elsewhere needs no choice."""
        count = len(os.sched_getaffinity(0))
        while count:
            yield self._measure(self._load(count), count, 1)
            count = count // 2 if self._on_cores else 0

    def batches(self, threads: int) -> Iterator[Trial]:
        """More and more samples, if the network takes several; as far as there is memory."""
        network = self._load(threads)
        for size in (
            (HOST_BATCHES if self._on_cores else DEVICE_BATCHES) if network.tensors.batched else ()
        ):
            try:
                yield self._measure(network, threads, size)
            except ProviderError:
                return
            if self._recorded:  # for one number of samples
                network = self._load(threads)

    @property
    def _on_cores(self) -> bool:
        return self.provider in HOST_PROVIDERS

    @property
    def _recorded(self) -> bool:
        """Whether runs are recorded as a GPU's graph, which needs one size of picture."""
        contract = CONTRACTS[self.pack.entry(self.role).family]
        return not self._on_cores and all(None not in out.shape[1:] for out in contract.outputs)

    def _load(self, threads: int) -> Network:
        started = time.monotonic()
        runtime = Runtime((self.provider,), threads, self.device)
        network = runtime.load(self.pack, self.role, fixed=self._recorded)
        self.end += time.monotonic() - started
        return network

    def _measure(self, network: Network, threads: int, batch: int) -> Trial:
        first, others = dummy_inputs(network, batch)
        run = Batcher(network, batch).run if self._recorded else network.run
        # The quickest: what else the machine did meanwhile is not the network's.
        ms = min(milliseconds(lambda: run(first, **others), CANDIDATE))
        return Trial(threads, batch, ms / batch)
