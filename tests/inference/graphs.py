"""Small graphs of the family sface, sound ones and ones with one thing wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FAMILY, ROLE, FILE = "sface", "identity", "model.onnx"


def sound() -> onnx.ModelProto:
    """A graph that keeps the contract of sface: the mean colour, times a matrix."""
    weights = np.linspace(-1, 1, 3 * 128, dtype=np.float32).reshape(3, 128)
    nodes = [
        helper.make_node("GlobalAveragePool", ["data"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["colour"]),
        helper.make_node("MatMul", ["colour", "weights"], ["fc1"]),
    ]
    return model(nodes, [numpy_helper.from_array(weights, "weights")])


def model(
    nodes: Sequence[onnx.NodeProto],
    weights: Sequence[TensorProto] = (),
    functions: Sequence[onnx.FunctionProto] = (),
) -> onnx.ModelProto:
    """A model around ``nodes``, with the inputs and outputs of sface."""
    graph = helper.make_graph(
        list(nodes),
        "test",
        [helper.make_tensor_value_info("data", TensorProto.FLOAT, [1, 3, 112, 112])],
        [helper.make_tensor_value_info("fc1", TensorProto.FLOAT, [1, 128])],
        initializer=list(weights),
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
    return helper.make_model(graph, opset_imports=opsets, functions=list(functions), ir_version=8)


def function(name: str, calls: Sequence[onnx.NodeProto]) -> onnx.FunctionProto:
    """A function ``local.name`` of one input and one output around ``calls``."""
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
    return helper.make_function("local", name, ["x"], ["y"], list(calls), opsets)


def branch(inside: onnx.NodeProto) -> onnx.NodeProto:
    """An If whose branches hold ``inside``."""
    out = helper.make_tensor_value_info("z", TensorProto.FLOAT, None)
    body = helper.make_graph([inside], "branch", [], [out])
    return helper.make_node("If", ["yes"], ["fc1"], then_branch=body, else_branch=body)


def write_pack(
    folder: Path,
    data: bytes,
    *,
    file: str = FILE,
    family: str = FAMILY,
    role: str = ROLE,
    extra: str = "",
) -> Path:
    """Make ``folder`` a pack of one file with an honest digest; ``extra`` ends its entry."""
    folder.mkdir(exist_ok=True)
    (folder / FILE).write_bytes(data)
    (folder / "manifest.toml").write_text(
        f"""
        format = 1
        name = "test"
        [[entry]]
        file = "{file}"
        sha256 = "{hashlib.sha256(data).hexdigest()}"
        size = {len(data)}
        family = "{family}"
        role = "{role}"
        licence = "MIT"
        use = "any"
        conversion = "none"
        source = {{ registry = "none", package = "test", version = "1", member = "model" }}
        {extra}
        """
    )
    return folder
