from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from appliance.errors import ModelError, ProviderError
from appliance.inference.network import Network
from appliance.inference.ort import ort
from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from appliance.inference.session import PROVIDERS
from appliance.inference.trust import INSPECTION
from tests.inference import graphs


def load(folder: Path, runtime: Runtime, model: onnx.ModelProto) -> Network:
    graphs.write_pack(folder, model.SerializeToString())
    return runtime.load(ModelPack.open(folder, INSPECTION), graphs.ROLE)


@pytest.fixture
def network(tmp_path: Path, runtime: Runtime) -> Network:
    return load(tmp_path, runtime, graphs.sound())


def picture(level: int) -> np.ndarray:
    return np.full((112, 112, 3), (level, 0, 0), np.uint8)


def test_a_network_computes_what_its_graph_says(network: Network) -> None:
    (embedding,) = network.run(network.tensor(picture(10)))
    weights = np.linspace(-1, 1, 3 * 128, dtype=np.float32).reshape(3, 128)
    np.testing.assert_allclose(embedding[0], 10 * weights[0], rtol=1e-5)
    assert network.provider == "cpu"
    assert network.entry.role == graphs.ROLE


def test_results_outlive_the_next_run(network: Network) -> None:
    (first,) = network.run(network.tensor(picture(10)))
    kept = first.copy()
    network.run(network.tensor(picture(200)))
    np.testing.assert_array_equal(first, kept)


def test_threads_may_share_a_network(network: Network) -> None:
    tensors = [network.tensor(picture(level)) for level in range(64)]
    alone = [network.run(tensor)[0] for tensor in tensors]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda tensor: network.run(tensor)[0], tensors))
    np.testing.assert_array_equal(together, alone)


def test_providers_that_do_not_work_are_left_out_by_default() -> None:
    runtime = Runtime(threads=1)
    assert runtime.providers[-1] == "cpu"
    assert list(runtime.providers) == [name for name in PROVIDERS if name in runtime.providers]


def test_providers_that_fail_their_probe_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ort, "get_available_providers", PROVIDERS.values)
    monkeypatch.setattr(Runtime, "_works", lambda _self, name, _probe: name in {"cuda", "cpu"})
    assert Runtime().providers == ("cuda", "cpu")


@pytest.mark.parametrize("name", ["openvino", "directml"])
def test_a_single_provider_is_used_or_an_error(name: str) -> None:
    """Neither is compiled into the pinned wheel."""
    with pytest.raises(ProviderError, match=name) as caught:
        Runtime((name,))
    assert caught.value.exit_code == 6


def test_a_provider_that_is_available_but_fails_is_an_error() -> None:
    """CUDA is in the wheel; without a device its session runs on the CPU without an error."""
    program = """
from appliance.errors import ProviderError
from appliance.inference.runtime import Runtime
try:
    Runtime(("cuda",))
except ProviderError as error:
    print(error.message)
"""
    result = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout == "No asked-for execution provider works here: cuda.\n"
    assert result.stderr == ""  # its own complaints hold paths of this machine


@pytest.mark.parametrize("names", [(), ("gpu",), ("cpu", "cuda13")])
def test_unknown_providers_are_named(names: tuple[str, ...]) -> None:
    with pytest.raises(ProviderError, match="Unknown execution provider"):
        Runtime(names)


def test_a_session_that_falls_back_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = Runtime(("cpu",), threads=1)
    monkeypatch.setattr(runtime, "providers", ("cuda",))
    with pytest.raises(ProviderError):
        load(tmp_path, runtime, graphs.sound())


def test_what_the_runtime_cannot_build_is_a_model_error(tmp_path: Path, runtime: Runtime) -> None:
    """Standard operators, the right tensors, but 3 x 128 does not fit 112 x 112."""
    product = helper.make_node("MatMul", ["data", "weights"], ["fc1"])
    weights = helper.make_tensor("weights", TensorProto.FLOAT, [3, 128], [0.0] * 384)
    with pytest.raises(ModelError, match="cannot be built") as caught:
        load(tmp_path, runtime, graphs.model([product], [weights]))
    assert str(tmp_path) not in caught.value.message + caught.value.hint


def test_a_graph_with_another_output_than_declared_is_detected(
    tmp_path: Path, runtime: Runtime
) -> None:
    """The graph declares 1 x 128, but the real shape is known only at run time."""
    weights = helper.make_tensor("zero", TensorProto.FLOAT, [1], [0.0])
    nodes = [
        helper.make_node("NonZero", ["data"], ["places"]),
        helper.make_node("Cast", ["places"], ["fc1"], to=TensorProto.FLOAT),
    ]
    network = load(tmp_path, runtime, graphs.model(nodes, [weights]))
    with pytest.raises(ModelError, match="'fc1' the shape"):
        network.run(network.tensor(picture(1)))


def test_a_failing_run_names_the_provider_and_no_path(network: Network) -> None:
    with pytest.raises(ProviderError, match=f"cpu failed on {graphs.FILE}"):
        network.run(np.zeros((1, 3, 8, 8), np.float32))


def test_data_files_are_not_networks(pack: ModelPack, runtime: Runtime) -> None:
    with pytest.raises(ModelError, match="data file"):
        runtime.load(pack, "canonical-mesh")


def test_a_graph_is_checked_before_the_runtime_is_given_it(
    tmp_path: Path, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        pytest.fail("the runtime was given an unchecked file")

    monkeypatch.setattr(Runtime, "_session", never)
    spoilt = graphs.sound()
    spoilt.graph.node.append(helper.make_node("Launch", ["data"], ["z"], domain="evil"))
    with pytest.raises(ModelError, match="custom domain"):
        load(tmp_path, runtime, spoilt)
    (tmp_path / graphs.FILE).write_bytes(b"\0" * (tmp_path / graphs.FILE).stat().st_size)
    with pytest.raises(ModelError, match="altered"):
        runtime.load(ModelPack.open(tmp_path, INSPECTION), graphs.ROLE)
