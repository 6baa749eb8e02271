from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from appliance.errors import ModelError
from appliance.inference.batcher import Batcher
from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from appliance.inference.trust import Trust
from tests.inference.packs import KEY, write_standins


def pack(folder: Path, *families: str, batched: bool = True) -> ModelPack:
    write_standins(folder, *families, batched=batched)
    return ModelPack.open(folder, Trust((KEY.public,)))


@pytest.mark.parametrize("count", [1, 3, 4, 9])
def test_batches_give_what_single_runs_give(tmp_path: Path, runtime: Runtime, count: int) -> None:
    batcher = Batcher.load(runtime, pack(tmp_path, "inswapper"), "generator", 4)
    rng = np.random.default_rng(0)
    target = rng.random((count, 3, 128, 128), np.float32)
    source = rng.standard_normal((1, 512), np.float32)
    (together,) = batcher.run(target, source=source)
    alone = [batcher.network.run(one[None], source=source)[0] for one in target]
    np.testing.assert_allclose(together, np.concatenate(alone), atol=1e-6)


def test_only_the_requested_outputs_are_returned(tmp_path: Path, runtime: Runtime) -> None:
    found = pack(tmp_path, "2dfan4")
    batcher = Batcher.load(runtime, found, "landmarks-68", 2, outputs=1)
    results = batcher.run(np.zeros((3, 3, 256, 256), np.float32))
    assert [result.shape for result in results] == [(3, 68, 3)]


def test_a_network_that_is_not_batched_is_given_one_sample_at_a_time(
    tmp_path: Path, runtime: Runtime
) -> None:
    found = pack(tmp_path, "arcface", batched=False)
    Batcher.load(runtime, found, "identity", 1)
    with pytest.raises(ModelError, match="one picture at a time") as caught:
        Batcher.load(runtime, found, "identity", 2)
    assert "models optimize" in caught.value.hint
