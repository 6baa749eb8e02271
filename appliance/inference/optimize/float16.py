"""Conversion to float16, with operators left in float32 where the error requires it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from onnx import numpy_helper

from appliance.inference.optimize.graph_editor import GraphEditor
from appliance.inference.ort import part

FP32_FALLBACK_OPS: tuple[tuple[str, ...], ...] = (
    (),
    # Sums of many squares and divisions by them, which easily exceed float16's 65 504.
    (
        "InstanceNormalization",
        "LayerNormalization",
        "ReduceMean",
        "ReduceSum",
        "Pow",
        "Sqrt",
        "Div",
    ),
    # Exponentials, and coordinates, which need more than eleven bits.
    (
        *("InstanceNormalization", "LayerNormalization", "ReduceMean", "ReduceSum", "Pow"),
        *("Sqrt", "Div", "Exp", "Softmax", "Sigmoid", "Tanh", "Add", "Mul", "Gemm", "MatMul"),
    ),
)
"""Sets of operators that stay in float32. Each is tried only if the one before errs too much."""

FLOAT16_MAX = 65504.0


def rounded_to_float16(model: onnx.ModelProto, fp32_ops: Sequence[str] = ()) -> onnx.ModelProto:
    """``model`` in float32, with weights and results rounded to float16, except in ``fp32_ops``.

    This measures the error of ``to_float16`` on a CPU, where ONNX Runtime has few float16 kernels:
    it computes in float32 and drops the casts between, so that a float16 graph shows no error.
    Explicit casts stay. Sums inside an operator are float32, as on a GPU.
    """
    editor = GraphEditor(model)
    result = editor.result()
    kept = {*part("transformers.float16").DEFAULT_OP_BLOCK_LIST, *fp32_ops}
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
                short = np.clip(value, -FLOAT16_MAX, FLOAT16_MAX).astype(np.float16)
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


def to_float16(model: onnx.ModelProto, fp32_ops: Sequence[str] = ()) -> onnx.ModelProto:
    """``model`` in float16 except for ``fp32_ops``; inputs and outputs stay float32.

    ONNX Runtime's converter inserts the casts. Weights beyond float16's range are clamped.
    """
    float16 = part("transformers.float16")
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    blocked = [*float16.DEFAULT_OP_BLOCK_LIST, *fp32_ops]
    converted = float16.convert_float_to_float16(copy, keep_io_types=True, op_block_list=blocked)
    # The converter appends its casts at the end; the editor sorts them into place.
    return GraphEditor(converted).result()
