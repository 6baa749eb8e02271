"""Sixteen-bit floating point, with islands of thirty-two where the error demands it."""

from __future__ import annotations

from collections.abc import Sequence

import onnx

from appliance.inference.optimize.edit import GraphEditor
from appliance.inference.ort import part

ISLANDS: tuple[tuple[str, ...], ...] = (
    (),
    # Sums of many squares, and what divides by them: where 65 504 is soon passed.
    ("InstanceNormalization", "LayerNormalization", "ReduceMean", "ReduceSum", "Pow", "Sqrt", "Div"),
    # Exponentials, and coordinates, which want more than eleven bits.
    (
        *("InstanceNormalization", "LayerNormalization", "ReduceMean", "ReduceSum", "Pow"),
        *("Sqrt", "Div", "Exp", "Softmax", "Sigmoid", "Tanh", "Add", "Mul", "Gemm", "MatMul"),
    ),
)
"""Operators that stay in float32, each set tried only if the one before it errs too much."""


def to_half(model: onnx.ModelProto, island: Sequence[str] = ()) -> onnx.ModelProto:
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
