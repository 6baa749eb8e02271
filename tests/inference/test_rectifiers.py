"""Rectifiers as convolutions: the same function, and left alone where it is not certain to fit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from appliance.inference.ort import ort
from appliance.inference.rectifiers import in_convolutions

CHANNELS = 8
SLOPES = np.linspace(-4, 6, CHANNELS, dtype=np.float32)  # as wide as those of the starter pack


def network(
    slopes: NDArray[np.float32 | np.float16],
    *,
    before: Sequence[onnx.NodeProto] = (),
    kernel: Sequence[int] = (CHANNELS, 3, 3, 3),
    into: str = "mapped",
) -> onnx.ModelProto:
    """A convolution and a rectifier; ``before`` makes its slopes or its input."""
    weights = np.random.default_rng(0).normal(0, 1, kernel).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["x", "weights"], ["mapped"]),
        *before,
        helper.make_node(
            "PRelu", [into, "slopes" if slopes.dtype == np.float32 else "cast"], ["y"]
        ),
    ]
    axes = len(kernel)
    graph = helper.make_graph(
        nodes,
        "test",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3] + [9] * (axes - 2))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        initializer=[
            numpy_helper.from_array(weights, "weights"),
            numpy_helper.from_array(slopes, "slopes"),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def run(data: bytes, x: NDArray[np.float32]) -> NDArray[np.float32]:
    session = ort.InferenceSession(data, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"x": x})[0], np.float32)


def operators(data: bytes) -> set[str]:
    return {node.op_type for node in onnx.ModelProto.FromString(data).graph.node}


CAST = helper.make_node("Cast", ["slopes"], ["cast"], to=TensorProto.FLOAT)


@pytest.mark.parametrize(
    "model",
    [
        network(SLOPES.reshape(-1, 1, 1)),
        network(SLOPES.reshape(1, -1, 1, 1)),
        network(SLOPES.astype(np.float16).reshape(-1, 1, 1), before=[CAST]),
        network(
            SLOPES.reshape(-1, 1, 1),
            before=[helper.make_node("Add", ["mapped", "mapped"], ["sum"])],
            into="sum",
        ),
    ],
    ids=["three axes", "four axes", "half precision", "after a sum"],
)
def test_the_result_is_the_same(model: onnx.ModelProto) -> None:
    data = model.SerializeToString()
    changed = in_convolutions(data)
    assert "PRelu" in operators(data)
    assert "PRelu" not in operators(changed)
    x = np.random.default_rng(1).normal(0, 3, (1, 3, 9, 9)).astype(np.float32)
    wanted = run(data, x)
    assert wanted.min() < -1 < 1 < wanted.max()
    assert np.abs(run(changed, x) - wanted).max() < 1e-5 * np.abs(wanted).max()


@pytest.mark.parametrize(
    "model",
    [
        network(np.full((1, 1, 1), 0.3, np.float32)),
        network(SLOPES[:7].reshape(1, 7), kernel=(CHANNELS, 3, 3)),
        network(np.linspace(0, 1, 7, dtype=np.float32).reshape(1, 1, 7)),
    ],
    ids=["one slope for all", "one axis of pixels", "a slope for each column"],
)
def test_any_other_rectifier_stays(model: onnx.ModelProto) -> None:
    data = model.SerializeToString()
    assert onnx.ModelProto.FromString(in_convolutions(data)) == model


def test_slopes_that_a_caller_may_replace_stay() -> None:
    model = network(SLOPES.reshape(-1, 1, 1))
    shape = [CHANNELS, 1, 1]
    model.graph.input.append(helper.make_tensor_value_info("slopes", TensorProto.FLOAT, shape))
    assert "PRelu" in operators(in_convolutions(model.SerializeToString()))


def test_a_graph_without_rectifiers_keeps_its_bytes() -> None:
    model = network(SLOPES.reshape(-1, 1, 1))
    del model.graph.node[1:]
    data = model.SerializeToString()
    assert in_convolutions(data) is data


FURTHER = 4
PADDING = [0, 0, 0, 0, 0, FURTHER, 0, 0]
WIDER = np.linspace(-4, 6, CHANNELS + FURTHER, dtype=np.float32).reshape(-1, 1, 1)


def residual(
    padding: Sequence[int], *, mode: str = "constant", given: Sequence[str] = ()
) -> onnx.ModelProto:
    """Further channels for what goes past a convolution, and a rectifier after their sum."""
    attributes = {} if mode == "constant" else {"mode": mode}
    shape = (CHANNELS + FURTHER, 3, 3, 3)
    rng = np.random.default_rng(2)
    model = network(
        WIDER,
        before=[
            helper.make_node("MaxPool", ["mapped"], ["pooled"], kernel_shape=[1, 1]),
            helper.make_node("Pad", ["pooled", "padding", *given], ["wide"], **attributes),
            helper.make_node("Conv", ["x", "other"], ["added"]),
            helper.make_node("Add", ["wide", "added"], ["sum"]),
            helper.make_node("Transpose", ["sum"], ["last"], perm=[0, 2, 3, 1]),
            helper.make_node("Transpose", ["last"], ["first"], perm=[0, 3, 1, 2]),
        ],
        into="first",
    )
    model.graph.initializer.extend(
        [
            numpy_helper.from_array(np.array(padding, np.int64), "padding"),
            numpy_helper.from_array(np.array(0.5, np.float32), "half"),
            numpy_helper.from_array(rng.normal(0, 1, shape).astype(np.float32), "other"),
        ]
    )
    return model


def test_further_channels_of_zeros_are_made_by_a_convolution() -> None:
    data = residual(PADDING).SerializeToString()
    changed = in_convolutions(data)
    assert {"Pad", "PRelu"} <= operators(data)
    assert not {"Pad", "PRelu"} & operators(changed)
    x = np.random.default_rng(1).normal(0, 3, (1, 3, 9, 9)).astype(np.float32)
    wanted = run(data, x)
    assert wanted.shape[1] == CHANNELS + FURTHER
    assert np.abs(run(changed, x) - wanted).max() < 1e-5 * np.abs(wanted).max()


@pytest.mark.parametrize(
    "model",
    [
        residual(PADDING, given=["half"]),
        residual(PADDING, mode="edge"),
        residual([0, 2, 0, 0, 0, FURTHER - 2, 0, 0]),
        residual([0, 0, 1, 0, 0, FURTHER, 0, 0]),
    ],
    ids=["of another value", "copies", "at the start", "pixels as well"],
)
def test_any_other_padding_stays(model: onnx.ModelProto) -> None:
    changed = operators(in_convolutions(model.SerializeToString()))
    assert "Pad" in changed
    assert "PRelu" not in changed  # the channels are known all the same


def test_padding_that_a_caller_may_replace_stays() -> None:
    model = residual(PADDING)
    model.graph.input.append(helper.make_tensor_value_info("padding", TensorProto.INT64, [8]))
    assert {"Pad", "PRelu"} <= operators(in_convolutions(model.SerializeToString()))


def test_a_rectifier_after_a_sum_of_unknown_shape_stays() -> None:
    # The other summand may have further axes, or more channels.
    other = helper.make_tensor_value_info("other", TensorProto.FLOAT, None)
    sums = [helper.make_node("Add", ["mapped", "other"], ["sum"])]
    model = network(SLOPES.reshape(-1, 1, 1), before=sums, into="sum")
    model.graph.input.append(other)
    assert "PRelu" in operators(in_convolutions(model.SerializeToString()))
