"""Sixteen-bit floating point, with islands of thirty-two where the error demands it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from onnx import numpy_helper

from appliance.inference.optimize.graph_editor import GraphEditor
from appliance.inference.ort import part

FP32_FALLBACK_OPS: tuple[tuple[str, ...], ...] = (
    (),
    # Sums of many squares, and what divides by them: where 65 504 is soon passed.
    (
        "InstanceNormalization",
        "LayerNormalization",
        "ReduceMean",
        "ReduceSum",
        "Pow",
        "Sqrt",
        "Div",
    ),
    # Exponentials, and coordinates, which want more than eleven bits.
    (
        *("InstanceNormalization", "LayerNormalization", "ReduceMean", "ReduceSum", "Pow"),
        *("Sqrt", "Div", "Exp", "Softmax", "Sigmoid", "Tanh", "Add", "Mul", "Gemm", "MatMul"),
    ),
)
"""Operators that stay in float32, each set tried only if the one before it errs too much."""


FINITE = 65504.0
"""The largest float16."""


def rounded_to_float16(model: onnx.ModelProto, island: Sequence[str] = ()) -> onnx.ModelProto:
    """``model`` in float32, but with every weight and result outside ``island`` cast to float16.

    For measuring ``to_half`` on a CPU: ONNX Runtime has few float16 kernels there, computes in
    float32 instead and leaves out the casts between, so that a float16 graph shows no error. A
    cast that the graph asks for stays. Sums inside an operator are float32, as on a GPU.
    """
    editor = GraphEditor(model)
    result = editor.result()
    kept = {*part("transformers.float16").DEFAULT_OP_BLOCK_LIST, *island}
    graph = result.graph
    nodes = list(graph.node)
    del graph.node[:]
    weights: dict[str, onnx.TensorProto] = {}
    for node in nodes:
        if node.op_type in kept:
            graph.node.append(node)
            continue
        for at, name in enumerate(node.input):
            value = editor.constant(name)
            if value is not None and value.dtype == np.float32:
                node.input[at] = f"{name}_rounded"
                short = np.clip(value, -FINITE, FINITE).astype(np.float16)
                weights[name] = numpy_helper.from_array(short.astype(np.float32), node.input[at])
        floats = [name for name in node.output if editor.dtype(name) == np.float32]
        exact = {name: f"{name}_exact" for name in floats}
        node.output[:] = [exact.get(name, name) for name in node.output]
        graph.node.append(node)
        for name, unrounded in exact.items():
            graph.node.append(_cast(unrounded, f"{name}_short", onnx.TensorProto.FLOAT16))
            graph.node.append(_cast(f"{name}_short", name, onnx.TensorProto.FLOAT))
    graph.initializer.extend(weights.values())
    return result


def _cast(tensor: str, into: str, kind: int) -> onnx.NodeProto:
    return onnx.helper.make_node("Cast", [tensor], [into], to=kind)


def to_float16(model: onnx.ModelProto, island: Sequence[str] = ()) -> onnx.ModelProto:
    """``model`` computing in float16 except in ``island``; inputs and outputs stay float32.

    ONNX Runtime's own converter does the casting; weights outside float16's range are clamped.
    """
    float16 = part("transformers.float16")
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    blocked = [*float16.DEFAULT_OP_BLOCK_LIST, *island]
    converted = float16.convert_float_to_float16(copy, keep_io_types=True, op_block_list=blocked)
    # It appends its casts at the end: put them where they belong.
    return GraphEditor(converted).result()
