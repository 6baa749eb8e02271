"""Merges several small matrix products of one vector into a single one."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import onnx

from appliance.inference.optimize.graph_editor import Array, GraphEditor


def merge_products(editor: GraphEditor) -> int:
    """Merge the Gemm nodes that read the same tensor; returns how many were merged.

    A generator projects its style vector once per layer: a dozen products of one row, whose cost
    on a GPU is a dozen kernel launches. Concatenated they are one product and one Split.
    """
    groups: dict[tuple[str, bool], list[tuple[onnx.NodeProto, Array, Array]]] = defaultdict(list)
    for node in editor.nodes:
        if node.op_type == "Gemm" and _is_plain(node) and len(node.input) == 3:
            weights, bias = (editor.constant(name) for name in node.input[1:])
            if weights is not None and bias is not None and bias.ndim == 1:
                groups[node.input[0], _transposed(node)].append((node, weights, bias))
    joined = 0
    for (vector, transposed), group in groups.items():
        if len(group) < 2:
            continue
        nodes, weights_of, biases = zip(*group, strict=True)
        side = editor.add_constant(np.concatenate(weights_of, 0 if transposed else 1), "weights")
        shift = editor.add_constant(np.concatenate(biases), "bias")
        (product,) = editor.add("Gemm", [vector, side, shift], transB=int(transposed))
        sizes = editor.add_constant(np.array([len(b) for b in biases], np.int64), "sizes")
        parts = editor.add("Split", [product, sizes], outputs=len(nodes), axis=1)
        for node, part in zip(nodes, parts, strict=True):
            editor.redirect(node.output[0], part)
        joined += len(nodes)
    return joined


def _transposed(node: onnx.NodeProto) -> bool:
    return any(a.name == "transB" and a.i for a in node.attribute)


def _is_plain(node: onnx.NodeProto) -> bool:
    values = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    return (
        values.get("alpha", 1.0) == 1.0
        and values.get("beta", 1.0) == 1.0
        and not values.get("transA", 0)
    )
