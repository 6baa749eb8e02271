from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest

from appliance.errors import ProviderError
from appliance.inference import calibrate as module
from appliance.inference.calibrate import Trial, calibrate
from appliance.inference.network import Network
from appliance.inference.pack import ModelPack
from appliance.inference.trust import Trust
from appliance.inference.tuning import Setting
from tests.inference.packs import KEY, write_standins
from tests.inference.test_forms import failing, optimised, sound

Costs = Mapping[tuple[int, int], float]
"""Invented milliseconds per sample, by threads and batch size."""


@pytest.fixture
def batched(tmp_path: Path) -> ModelPack:
    write_standins(tmp_path, "arcface", batched=True)
    return ModelPack.open(tmp_path, Trust((KEY.public,)))


@pytest.fixture
def costing(monkeypatch: pytest.MonkeyPatch) -> Callable[[Costs], None]:
    """Four cores, on which a trial takes as long as the test defines."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: range(4))

    def set_costs(costs: Costs) -> None:
        def measure(_self: object, _network: object, threads: int, batch: int) -> Trial:
            if (threads, batch) not in costs:
                raise ProviderError("no memory", "use less")
            return Trial(threads, batch, costs[threads, batch])

        monkeypatch.setattr(module._Trials, "_measure", measure)

    return set_costs


def tried(trials: Iterable[Trial]) -> list[tuple[int, int]]:
    return [(trial.threads, trial.batch) for trial in trials]


def test_fewer_threads_are_chosen_where_more_gain_nothing(
    batched: ModelPack, costing: Callable[[Costs], None]
) -> None:
    costing({(4, 1): 9.8, (2, 1): 10.0, (1, 1): 18.0, (2, 2): 9.9, (2, 4): 9.9, (2, 8): 10.1})
    setting, trials = calibrate(batched, "identity", "cpu")
    assert setting == Setting(2, 1, 10.0, "published", "published")
    assert tried(trials) == [(4, 1), (2, 1), (1, 1), (2, 2), (2, 4), (2, 8)]


def test_a_larger_batch_is_chosen_if_it_is_faster(
    batched: ModelPack, costing: Callable[[Costs], None]
) -> None:
    costing({(4, 1): 10.0, (2, 1): 19.0, (4, 2): 7.0, (4, 4): 5.0, (4, 8): 6.0})
    setting, trials = calibrate(batched, "identity", "cpu")
    assert setting == Setting(4, 4, 5.0, "published", "published")
    assert (1, 1) not in tried(trials)  # two threads were slower already


def test_the_last_batch_that_fitted_in_memory_is_chosen(
    batched: ModelPack, costing: Callable[[Costs], None]
) -> None:
    costing({(4, 1): 10.0, (2, 1): 19.0, (4, 2): 7.0})
    assert calibrate(batched, "identity", "cpu")[0].batch == 2


def test_nothing_further_is_tried_when_the_time_is_up(
    batched: ModelPack, costing: Callable[[Costs], None]
) -> None:
    costing({(4, 1): 10.0})
    setting, trials = calibrate(batched, "identity", "cpu", seconds=-60)
    assert setting == Setting(4, 1, 10.0, "published", "published")
    assert tried(trials) == [(4, 1)]


def test_a_real_network_is_measured(batched: ModelPack) -> None:
    setting, trials = calibrate(batched, "identity", "cpu")
    assert all(trial.ms > 0 for trial in trials)
    assert setting.ms == pytest.approx(min(trial.ms for trial in trials), rel=0.06, abs=0.001)
    assert {trial.batch for trial in trials} > {1}


def test_a_network_that_is_not_batched_is_tried_with_one_sample(tmp_path: Path) -> None:
    write_standins(tmp_path, "arcface")
    pack = ModelPack.open(tmp_path, Trust((KEY.public,)))
    _, trials = calibrate(pack, "identity", "cpu")
    assert {trial.batch for trial in trials} == {1}


def test_one_sample_runs_as_published_where_only_batches_gain_by_a_variant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack = optimised(tmp_path, sound)
    costs = {"fp32": {1: 7.4, 2: 4.0, 4: 1.2, 8: 1.3}, "published": {1: 4.6}}

    def measure(_self: object, network: Network, threads: int, batch: int) -> Trial:
        form = network.precision or "published"
        return Trial(threads, batch, costs[form][batch], form)

    monkeypatch.setattr(module._Trials, "_measure", measure)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: range(1))
    setting, _ = calibrate(pack, "identity", "cpu")
    assert setting == Setting(1, 4, 1.2, "fp32", "published")
    costs["published"][1] = 1.1
    setting, _ = calibrate(pack, "identity", "cpu")
    assert setting == Setting(1, 1, 1.1, "published", "published")


def test_a_variant_that_fails_is_not_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.inference.runtime.MEASURED_ON", frozenset())
    setting, trials = calibrate(optimised(tmp_path, failing), "identity", "cpu")
    assert (setting.form, setting.alone) == ("published", "published")
    assert {trial.form for trial in trials} == {"published"}


def test_the_time_to_record_a_network_leaves_the_time_to_measure_alone(
    batched: ModelPack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Recording takes 10 s on an invented clock, and a measurement half a second."""
    now = [0.0]

    class Recorded:
        def __init__(self, _network: Network, _size: int) -> None:
            now[0] += 10

        def run(self, _first: object) -> None:
            now[0] += 1

    def milliseconds(_action: object, seconds: float) -> list[float]:
        now[0] += seconds
        return [1.0]

    monkeypatch.setattr(module, "HOST_PROVIDERS", frozenset())
    monkeypatch.setattr(module, "Batcher", Recorded)
    monkeypatch.setattr(module, "milliseconds", milliseconds)
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    setting, trials = calibrate(batched, "identity", "cpu")
    assert [trial.batch for trial in trials] == [1, 2, 4, 8, 16, 32]
    assert setting.batch == 32
