"""Makes the batch axis dynamic where the exporter fixed it at one."""

from __future__ import annotations

import numpy as np
import onnx

from appliance.inference.optimize.graph_editor import GraphEditor

BATCH = "batch"


def open_batch(editor: GraphEditor) -> None:
    """Leave the first dimension of every input and output to the caller.

    Constant shapes follow: a Reshape to a shape that begins with 1 keeps its input's first
    dimension instead. The graph does not show whether that is correct, so the variant is run on a
    batch of two and compared with two runs of one (``accuracy.batch_independent``).
    """
    graph = editor.frame.graph
    for value in (*graph.input, *graph.output):
        dims = value.type.tensor_type.shape.dim
        if dims:
            dims[0].ClearField("dim_value")
            dims[0].dim_param = BATCH
    for node in editor.nodes:
        if node.op_type == "Reshape":
            _keep_first(editor, node)


def _keep_first(editor: GraphEditor, node: onnx.NodeProto) -> None:
    shape = editor.constant(node.input[1])
    dims = editor.shape(node.input[0])
    constant = editor.constant(node.input[0]) is not None
    if shape is None or not shape.size or constant or dims is None or shape[0] != 1:
        return
    opened = shape.copy()
    if dims and dims[0] in (1, None):
        opened[0] = 0  # Reshape's value for "as in the input"
    else:
        return
    node.input[1] = editor.add_constant(opened.astype(np.int64), "shape")
