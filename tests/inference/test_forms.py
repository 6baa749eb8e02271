"""Which form of a network runs: variants that the runtime refuses, that err, and that suit."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from appliance.inference.batcher import Batcher
from appliance.inference.forms import Form
from appliance.inference.manifest import Variant
from appliance.inference.network import Network
from appliance.inference.optimize.write_manifest import write_manifest
from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from appliance.inference.session import cuda_options
from appliance.inference.trust import Trust
from appliance.inference.tuning import Setting, Tuning
from tests.inference import standins
from tests.inference.packs import KEY, write_standins

Change = Callable[[onnx.ModelProto], None]


def sound(_model: onnx.ModelProto) -> None:
    """The same network."""


def erring(model: onnx.ModelProto) -> None:
    """Its last weights three times as large."""
    for weights in model.graph.initializer:
        values = numpy_helper.to_array(weights)
        if values.dtype == np.float32 and values.ndim > 1:
            weights.CopyFrom(numpy_helper.from_array(3 * values, weights.name))


def failing(model: onnx.ModelProto) -> None:
    """Fails when it runs: a reshape to a size that is computed, as of weights made at run time."""
    (out,) = model.graph.output
    for node in model.graph.node:
        node.output[:] = ["inner" if name == out.name else name for name in node.output]
    nodes = [
        helper.make_node("ReduceSum", ["inner"], ["sum"], keepdims=0),
        helper.make_node("Mul", ["sum", "nought"], ["zero"]),
        helper.make_node("Cast", ["zero"], ["whole"], to=onnx.TensorProto.INT64),
        helper.make_node("Add", ["whole", "wrong"], ["shape"]),
        helper.make_node("Reshape", ["inner", "shape"], ["reshaped"]),
        helper.make_node("Identity", ["reshaped"], [out.name]),
    ]
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(
        [
            numpy_helper.from_array(np.zeros((), np.float32), "nought"),
            numpy_helper.from_array(np.array([1, 511], np.int64), "wrong"),
        ]
    )


def unbuildable(model: onnx.ModelProto) -> None:
    """No session can be made of it: a product with a matrix that does not fit."""
    (out,) = model.graph.output
    for node in model.graph.node:
        node.output[:] = ["inner" if name == out.name else name for name in node.output]
    model.graph.node.append(helper.make_node("MatMul", ["inner", "misfit"], [out.name]))
    misfit = numpy_helper.from_array(np.zeros((513, 512), np.float32), "misfit")
    model.graph.initializer.append(misfit)


def optimised(folder: Path, change: Change) -> ModelPack:
    """A pack of a recogniser with a variant fp32, whose error its manifest calls small."""
    write_standins(folder, "arcface", batched=True)
    pack = ModelPack.open(folder, Trust((KEY.public,)))
    model = standins.model("arcface", batched=True)
    model.doc_string = "a variant"
    change(model)
    data = model.SerializeToString()
    (folder / "arcface.fp32.onnx").write_bytes(data)
    variant = Variant(
        file="arcface.fp32.onnx",
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        parent=pack.entry("identity").sha256,
        precision="fp32",
        batched=True,
        error=1e-5,
        bound=1e-4,
        samples=1,
    )
    write_manifest(folder, pack, [variant], KEY)
    return ModelPack.open(folder, Trust((KEY.public,)))


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """The processor stands for a provider that no manifest gives errors for."""
    monkeypatch.setattr("appliance.inference.runtime.MEASURED_ON", frozenset())


def embedded(network: Network) -> np.ndarray:
    tensor = np.random.default_rng(1).random((1, 3, 112, 112), np.float32)
    return network.run(tensor)[0]


@pytest.mark.usefixtures("elsewhere")
def test_a_variant_that_runs_and_agrees_is_used_where_it_was_not_measured(
    tmp_path: Path, runtime: Runtime
) -> None:
    assert runtime.load(optimised(tmp_path, sound), "identity").precision == "fp32"


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize(
    ("change", "fault"),
    [(erring, "differs from"), (failing, "fails"), (unbuildable, "fails")],
)
def test_the_published_file_runs_where_a_variant_fails_or_errs(
    change: Change, fault: str, tmp_path: Path, runtime: Runtime, caplog: pytest.LogCaptureFixture
) -> None:
    pack = optimised(tmp_path, change)
    caplog.set_level(logging.WARNING)
    network = runtime.load(pack, "identity")
    assert network.precision is None
    assert f"arcface.fp32.onnx {fault}" in caplog.text
    np.testing.assert_array_equal(
        embedded(network), embedded(runtime.load(pack, "identity", form="published"))
    )


def test_a_variant_that_the_runtime_cannot_build_is_replaced_also_where_it_was_measured(
    tmp_path: Path, runtime: Runtime, caplog: pytest.LogCaptureFixture
) -> None:
    pack = optimised(tmp_path, unbuildable)
    caplog.set_level(logging.WARNING)
    assert runtime.load(pack, "identity").precision is None
    assert "models tune" in caplog.text
    assert Batcher.load_any(runtime, pack, "identity").network.precision is None


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize(
    ("forms", "how", "runs"),
    [
        (("fp32", "published"), (True, None), "fp32"),
        (("fp32", "published"), (False, None), None),  # one picture after another, as a detector
        (("fp32", "published"), (True, 1), None),  # a photo
        (("published", "fp32"), (True, None), None),
        (("published", "fp32"), (True, 1), "fp32"),
    ],
)
def test_the_form_that_was_measured_to_be_fastest_runs_without_another_trial(
    forms: tuple[Form, Form],
    how: tuple[bool, int | None],
    runs: Form | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pack, (fixed, largest) = optimised(tmp_path, sound), how  # see Runtime's arguments
    found = Tuning().with_settings(pack.digest, "cpu", {"identity": Setting(1, 4, 1.0, *forms)})
    runtime = Runtime(("cpu",), tuning=found, max_batch=largest)
    monkeypatch.setattr(Runtime, "best_form", lambda *_: pytest.fail("tried again"))
    assert runtime.load(pack, "identity", fixed=fixed).precision == runs


def test_settings_that_compared_no_forms_are_used_with_a_trial(tmp_path: Path) -> None:
    pack = optimised(tmp_path, sound)
    found = Tuning().with_settings(pack.digest, "cpu", {"identity": Setting(1, 4, 1.0)})
    network = Runtime(("cpu",), tuning=found).load(pack, "identity", fixed=True)
    assert (network.precision, network.batch) == ("fp32", 4)


def test_a_network_on_a_device_has_run_once_when_it_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_standins(tmp_path, "arcface", "yolo-face", "real-esrgan-x2")
    pack = ModelPack.open(tmp_path, Trust((KEY.public,)))
    ran: list[str] = []
    real = Network.run

    def run(self: Network, tensor: np.ndarray, **others: np.ndarray) -> tuple[np.ndarray, ...]:
        ran.append(self.entry.role)
        return real(self, tensor, **others)

    monkeypatch.setattr(Network, "run", run)
    runtime = Runtime(("cpu",), threads=1)
    runtime.load(pack, "detector")
    assert not ran  # on a processor there is nothing to prepare
    monkeypatch.setattr("appliance.inference.runtime.HOST_PROVIDERS", frozenset())
    runtime.load(pack, "detector")
    runtime.load(pack, "identity", fixed=True)  # a batcher's, which runs it itself
    runtime.load(pack, "upscaler-x2")  # any size: each is prepared when it comes
    assert ran == ["detector"]


def test_nothing_is_compiled_while_a_sealed_process_runs() -> None:
    for rewritten in (False, True):
        options = cuda_options(0, rewritten=rewritten, fixed=True, fused=rewritten)
        assert options.get("fuse_conv_bias", "0") == "0"
        assert options.get("prefer_nhwc", "0") == str(int(rewritten))
