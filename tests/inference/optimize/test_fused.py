from __future__ import annotations

import numpy as np
import onnx
import pytest

from appliance.inference import kernels
from appliance.inference.optimize.accuracy import outputs, relative_error
from appliance.inference.optimize.float16 import to_float16
from appliance.inference.optimize.fused import custom_operators, fuse
from appliance.inference.optimize.ranges import Feed
from appliance.inference.optimize.rewrite import rewrite
from appliance.inference.optimize.variants import build
from tests.inference.optimize import reference_operators
from tests.inference.optimize.graphs import generator, noise

SOURCE = noise(3, 512, seed=5) / 22
TARGET = np.random.default_rng(6).random((3, 3, 128, 128), np.float32)
FEEDS: list[Feed] = [
    {"target": TARGET[at : at + 1], "source": SOURCE[at : at + 1]} for at in range(len(TARGET))
]


def fused(model: onnx.ModelProto) -> onnx.ModelProto:
    return fuse(to_float16(rewrite(model, fusing=True)[0]))


def apart(model: onnx.ModelProto, other: onnx.ModelProto) -> float:
    """How far ``other``, with custom operators, is from ``model``; three samples at once."""
    one = outputs(model, FEEDS)
    together = reference_operators.outputs(other, {"target": TARGET, "source": SOURCE})
    return relative_error([(together[0][at : at + 1],) for at in range(len(one))], one)


def test_a_generator_computes_the_same_with_custom_operators() -> None:
    model = generator()
    made = fused(model)
    assert sorted(custom_operators(made)) == ["PadUpsample"] * 3 + ["StyledNorm"] * 2
    left = {node.op_type for node in made.graph.node}
    assert not left & {"InstanceNormalization", "Pad", "Resize", "Relu", "LeakyRelu", "Split"}
    assert apart(model, made) < 2e-3  # what rounding to float16 makes of it


def test_without_the_library_there_is_no_such_variant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "digest", lambda: None)
    assert build(generator(), FEEDS[:1], ["fp16-fused"]) == []


def test_a_tensor_with_other_readers_is_not_fused() -> None:
    """The rectified sum is read by a padding, and by another node that is not fused."""
    model = generator()
    again = onnx.helper.make_node("Sigmoid", ["f"], ["seen"])
    model.graph.node.append(again)
    mean = onnx.helper.make_node("ReduceMean", ["seen"], ["much"], axes=[1, 2, 3], keepdims=1)
    last = model.graph.node[-2]
    assert list(last.output) == ["output"]
    last.output[0] = "drawn"
    model.graph.node.extend([mean, onnx.helper.make_node("Mul", ["drawn", "much"], ["output"])])
    made = fused(model)
    assert "StyledNorm" in custom_operators(made)
    assert apart(model, made) < 2e-3


def test_a_sum_of_two_norms_is_fused_once() -> None:
    model = generator()
    nodes = {node.output[0]: node for node in model.graph.node}
    nodes["h"].input[0] = "c"
    nodes["j"].input[0] = "e"
    for unread in ("f", "g"):
        model.graph.node.remove(nodes[unread])
    made = fused(model)
    assert custom_operators(made).count("StyledNorm") == 2
    assert "Add" not in {node.op_type for node in made.graph.node}
    assert apart(model, made) < 2e-3


@pytest.mark.parametrize(
    ("node", "attribute", "value"),
    [("k", "mode", b"nearest"), ("k", "coordinate_transformation_mode", b"align_corners")],
)
def test_other_resize_modes_stay_with_the_runtime(node: str, attribute: str, value: bytes) -> None:
    model = generator()
    (resize,) = (n for n in model.graph.node if n.output[0] == node)
    kept = [a for a in resize.attribute if a.name != attribute]
    del resize.attribute[:]
    resize.attribute.extend([*kept, onnx.helper.make_attribute(attribute, value)])
    made = fused(model)
    assert [n.op_type for n in made.graph.node].count("Resize") == 1
    assert apart(model, made) < 2e-3
