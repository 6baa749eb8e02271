"""Measures in seconds how many threads and which batch size suit a network on this machine."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from appliance.errors import ProviderError
from appliance.inference.batcher import Batcher
from appliance.inference.families import CONTRACTS
from appliance.inference.forms import Form
from appliance.inference.measure import dummy_inputs, milliseconds
from appliance.inference.network import Network
from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from appliance.inference.session import HOST_PROVIDERS
from appliance.inference.tuning import Setting

SECONDS = 3.0  # for one network, not counting the time to load it and to record it on a GPU
CANDIDATE = 0.5  # seconds for one pair of threads and batch size; at least one run
WORTH = 0.95
"""More threads or a larger batch are chosen only if a sample then takes less than this share of the
time, since they cost memory, delay, and cores that other stages need."""
HOST_BATCHES, DEVICE_BATCHES = (2, 4, 8), (2, 4, 8, 16, 32)
"""The batch sizes that are tried on cores and on devices: memory grows with them."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A form with threads and batch size, and the milliseconds that a sample took with it."""

    threads: int
    batch: int
    ms: float
    form: Form = "published"


def calibrate(
    pack: ModelPack, role: str, provider: str, *, device: int = 0, seconds: float = SECONDS
) -> tuple[Setting, tuple[Trial, ...]]:
    """The best setting for the network for ``role`` on ``provider``, and everything tried.

    On cores the number of threads is measured first, with one sample; then, with one sample, the
    published file, where a variant suits the provider and is accurate on it; then the batch size.
    After ``seconds`` no further pair is tried: a network that slow gains little by either.
    Raises ``ModelError`` and ``ProviderError`` as ``Runtime`` and its ``load`` do.
    """
    trying = _Trials(pack, role, provider, device, seconds)
    by_threads = trying.until_worse(trying.threads())
    alone = _best(by_threads)
    published = trying.published(alone)
    by_batch = trying.until_worse(chain([alone], trying.batches(alone)))
    best = _best(by_batch)
    for other in published:
        alone = other if other.ms <= alone.ms else alone
        best = other if other.ms <= best.ms else best
    best = alone if best.batch == 1 else best
    tried = (*by_threads, *published, *by_batch[1:])
    found = Setting(best.threads, best.batch, round(best.ms, 3), best.form, alone.form)
    return found, tried


def _best(trials: Sequence[Trial]) -> Trial:
    """The one with the fewest threads and samples among those about as fast as the fastest."""
    least = min(trial.ms for trial in trials)
    good = [trial for trial in trials if trial.ms * WORTH <= least]
    return min(good, key=lambda trial: (trial.threads, trial.batch))


@dataclass
class _Trials:
    """The trials of one network, which are begun until ``seconds`` were measured."""

    pack: ModelPack
    role: str
    provider: str
    device: int
    seconds: float
    spent: float = 0.0

    def until_worse(self, trials: Iterator[Trial]) -> list[Trial]:
        """Run ``trials`` in order until the time is up or one is slower than the best so far."""
        done: list[Trial] = []
        for trial in trials:
            done.append(trial)
            least = min(one.ms for one in done)
            if self.spent > self.seconds or trial.ms * WORTH > least:
                break
        return done

    def threads(self) -> Iterator[Trial]:
        """All cores, half of them, and so on; a single trial where a device computes."""
        count = len(os.sched_getaffinity(0))
        while count:
            yield self._measure(self._load(count, self._form), count, 1)
            count = count // 2 if self._on_cores else 0

    def published(self, alone: Trial) -> list[Trial]:
        """The published file with the threads of ``alone``, unless that was it or it fails."""
        if alone.form == "published":
            return []
        try:
            network = self._load(alone.threads, "published")
            return [self._measure(network, alone.threads, 1)]
        except ProviderError:
            return []

    def batches(self, alone: Trial) -> Iterator[Trial]:
        """Growing batch sizes, if the network is batched, until the device's memory is full."""
        network = self._load(alone.threads, alone.form)
        for size in (
            (HOST_BATCHES if self._on_cores else DEVICE_BATCHES) if network.tensors.batched else ()
        ):
            try:
                yield self._measure(network, alone.threads, size)
                if self._recorded:  # a recorded network keeps its batch size
                    network = self._load(alone.threads, alone.form)
            except ProviderError:
                return

    @cached_property
    def _form(self) -> Form:
        """The fastest variant that is accurate here, if any."""
        return Runtime((self.provider,), device=self.device).best_form(self.pack, self.role)

    @property
    def _on_cores(self) -> bool:
        return self.provider in HOST_PROVIDERS

    @property
    def _recorded(self) -> bool:
        """Whether runs are recorded as a CUDA graph, which needs pictures of one size."""
        contract = CONTRACTS[self.pack.entry(self.role).family]
        return not self._on_cores and all(None not in out.shape[1:] for out in contract.outputs)

    def _load(self, threads: int, form: Form) -> Network:
        runtime = Runtime((self.provider,), threads, self.device)
        return runtime.load(self.pack, self.role, fixed=self._recorded, form=form)

    def _measure(self, network: Network, threads: int, batch: int) -> Trial:
        first, others = dummy_inputs(network, batch)
        run = Batcher(network, batch).run if self._recorded else network.run
        if not self._on_cores:
            run(first, **others)  # chooses algorithms for this size, which takes seconds
        started = time.monotonic()
        # The fastest run: the others were slowed down by something else on the machine.
        ms = min(milliseconds(lambda: run(first, **others), CANDIDATE))
        self.spent += time.monotonic() - started
        return Trial(threads, batch, ms / batch, network.precision or "published")
