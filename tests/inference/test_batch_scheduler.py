"""Tasks that are written as if each ran alone, run in batches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from appliance.inference.batch_scheduler import (
    InferenceRequest,
    InferenceTask,
    run_batched,
    run_one,
)
from appliance.inference.batcher import Batcher
from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from appliance.inference.session import Numbers, Tensor
from appliance.inference.trust import INSPECTION
from tests.inference.packs import write_standins


@pytest.fixture
def batchers(
    tmp_path: Path, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> tuple[Batcher, Batcher, list[tuple[str, int]]]:
    """A recogniser, a generator, and a log of their runs: role and number of samples."""
    pack = ModelPack.open(
        write_standins(tmp_path, "arcface", "inswapper", batched=True), INSPECTION
    )
    runs: list[tuple[str, int]] = []
    run = Batcher.run

    def noted(self: Batcher, tensor: Tensor, **others: Numbers) -> tuple[Tensor, ...]:
        runs.append((self.network.entry.role, len(tensor)))
        return run(self, tensor, **others)

    monkeypatch.setattr(Batcher, "run", noted)
    recogniser, generator = (
        Batcher(runtime.load(pack, role), 4) for role in ("identity", "generator")
    )
    return recogniser, generator, runs


def faces(count: int, side: int) -> list[Tensor]:
    rng = np.random.default_rng(side)
    return [rng.random((1, 3, side, side), np.float32) for _ in range(count)]


def test_requests_share_a_batch_and_each_task_gets_its_own_outputs(
    batchers: tuple[Batcher, Batcher, list[tuple[str, int]]],
) -> None:
    recogniser, generator, runs = batchers

    def draw(face: Tensor, target: Tensor) -> InferenceTask[tuple[Tensor, Tensor]]:
        (embedding,) = yield InferenceRequest(recogniser, face)
        source = embedding / np.linalg.norm(embedding)
        (drawn,) = yield InferenceRequest(generator, target, {"source": source})
        return embedding, drawn

    pairs = list(zip(faces(5, 112), faces(5, 128), strict=True))
    found = run_batched([draw(*pair) for pair in pairs])
    assert runs == [("identity", 5), ("generator", 5)]
    for pair, (embedding, drawn) in zip(pairs, found, strict=True):
        wanted = run_one(draw(*pair))
        np.testing.assert_allclose(embedding, wanted[0], rtol=1e-5)
        np.testing.assert_allclose(drawn, wanted[1], atol=1e-6)


def test_a_task_that_takes_another_path_is_waited_for(
    batchers: tuple[Batcher, Batcher, list[tuple[str, int]]],
) -> None:
    """One task runs the recogniser twice; the others wait, so that all share the last batch."""
    recogniser, generator, runs = batchers
    source = np.ones((1, 512), np.float32)

    def draw(face: Tensor, target: Tensor, looks: int) -> InferenceTask[int]:
        for _ in range(looks):
            yield InferenceRequest(recogniser, face)
        yield InferenceRequest(generator, target, {"source": source})
        return looks

    tasks = [
        draw(face, target, 2 if number == 1 else 1)
        for number, (face, target) in enumerate(zip(faces(4, 112), faces(4, 128), strict=True))
    ]
    assert run_batched(tasks) == [1, 2, 1, 1]
    assert runs == [("identity", 4), ("identity", 1), ("generator", 4)]


def test_several_samples_of_one_task_stay_in_one_batch(
    batchers: tuple[Batcher, Batcher, list[tuple[str, int]]],
) -> None:
    """A crop of four parts is one request: one source goes with all of them."""
    _, generator, runs = batchers
    rng = np.random.default_rng(0)

    def draw(count: int, source: Tensor) -> InferenceTask[Tensor]:
        targets = np.concatenate(faces(count, 128))
        (drawn,) = yield InferenceRequest(generator, targets, {"source": source})
        return drawn

    sources = [rng.standard_normal((1, 512), np.float32) for _ in range(2)]
    found = run_batched([draw(4, sources[0]), draw(2, sources[1])])
    assert runs == [("generator", 6)]
    for drawn, count, source in zip(found, (4, 2), sources, strict=True):
        np.testing.assert_allclose(drawn, run_one(draw(count, source)), atol=1e-6)


def test_a_failing_task_ends_all() -> None:
    def fail() -> InferenceTask[None]:
        yield from ()
        raise RuntimeError("no face")

    with pytest.raises(RuntimeError, match="no face"):
        run_batched([fail()])
    assert run_batched([]) == []
