"""The appliance on OpenVINO, run by `make test-openvino`: a command as a person starts it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from appliance.inference.trust import Trust
from tests.inference.packs import KEY, write_policy, write_standins

APPLIANCE = Path(sys.executable).with_name("appliance")


def swap(portraits: Mapping[str, Path], output: Path, provider: str, *words: str | Path) -> Any:
    """What it says of itself, once it was sealed and has swapped."""
    command = [APPLIANCE, "swap", "--json", "--provider", provider, "--output", output, *words]
    command += ["--source", portraits["person_a_1"], "--target", portraits["person_b_1"]]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def difference(one: Path, other: Path) -> float:
    """The mean one of two pictures, in grey levels."""
    first, second = (np.asarray(cv2.imread(str(path)), np.float32) for path in (one, other))
    return float(np.abs(first - second).mean())


@pytest.fixture
def words(tmp_path: Path, request: pytest.FixtureRequest) -> tuple[str | Path, ...]:
    """For the starter pack alone, or together with an operator's pack."""
    if request.param == "starter":
        return ()
    pack = write_standins(tmp_path / "pack", "inswapper", "arcface")
    policy = write_policy(tmp_path / "policy.yaml")
    policy.write_text(f"{policy.read_text()}engine: {{providers: [openvino, cpu]}}\n")
    return "--pack", pack, "--policy", policy


@pytest.mark.parametrize("words", ["starter", "operator's"], indirect=True)
def test_a_swap_is_the_same_as_on_the_cpu(
    portraits: Mapping[str, Path], tmp_path: Path, words: tuple[str | Path, ...]
) -> None:
    on_openvino, on_cpu = tmp_path / "openvino.png", tmp_path / "cpu.png"
    summary = swap(portraits, on_openvino, "openvino", *words)
    assert summary["provider"] == "openvino"
    assert swap(portraits, on_cpu, "cpu", *words)["provider"] == "cpu"
    assert difference(on_openvino, on_cpu) < 0.1
    assert difference(on_cpu, portraits["person_b_1"]) > 0.1


def test_openvino_is_preferred_to_the_cpu() -> None:
    assert Runtime().providers == ("openvino", "cpu")


def test_batched_networks_take_several_samples(tmp_path: Path) -> None:
    write_standins(tmp_path, "arcface", batched=True)
    pack = ModelPack.open(tmp_path, Trust((KEY.public,)))
    network = Runtime(("openvino",), threads=1).load(pack, "identity")
    tensor = np.random.default_rng(1).random((3, 3, 112, 112), np.float32)
    (together,) = network.run(tensor)
    alone = np.concatenate([network.run(tensor[at : at + 1])[0] for at in range(3)])
    np.testing.assert_allclose(together, alone, rtol=1e-4)
