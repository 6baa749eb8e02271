"""Constant folding: what depends on weights alone is computed here, once."""

from __future__ import annotations

from math import prod

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator

from appliance.inference.optimize.graph_editor import Array, GraphEditor

LARGEST = 1 << 24  # elements; larger results are left to be computed at run time
_NEVER = frozenset({"Constant", "RandomNormal", "RandomUniform", "RandomNormalLike", "Bernoulli"})


def fold_constants(editor: GraphEditor) -> int:
    """Replace nodes whose inputs are all constant by their results; returns how many.

    ONNX's reference implementation computes them, so that results do not depend on the machine.
    """
    count = 0
    for node in editor.nodes:  # settled, hence in order: a node comes after those it reads
        values = _constants(editor, node)
        if values is None:
            continue
        results = _evaluate(editor, node, values)
        if any(prod(result.shape) > LARGEST for result in results):
            continue
        for name, result in zip(node.output, results, strict=True):
            if name and not editor.is_output(name):
                editor.redirect(name, editor.add_constant(result, "folded"))
        count += 1
    return count


def _constants(editor: GraphEditor, node: onnx.NodeProto) -> dict[str, Array] | None:
    has_graphs = any(a.HasField("g") or a.graphs for a in node.attribute)
    if node.op_type in _NEVER or not node.input or has_graphs:
        return None
    values = {name: editor.constant(name) for name in node.input if name}
    known = {name: value for name, value in values.items() if value is not None}
    return known if len(known) == len(values) else None


def _evaluate(editor: GraphEditor, node: onnx.NodeProto, values: dict[str, Array]) -> list[Array]:
    inputs = [
        onnx.helper.make_tensor_value_info(
            name, onnx.helper.np_dtype_to_tensor_dtype(value.dtype), value.shape
        )
        for name, value in values.items()
    ]
    outputs = [onnx.helper.make_empty_tensor_value_info(name) for name in node.output if name]
    graph = onnx.helper.make_graph([node], "fold", inputs, outputs)
    model = onnx.helper.make_model(graph, opset_imports=editor.frame.opset_import, ir_version=8)
    return [np.asarray(value) for value in ReferenceEvaluator(model).run(None, values)]
