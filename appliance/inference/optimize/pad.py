"""Reflected borders where a GPU pads fast.

Under ``prefer_nhwc`` ONNX Runtime moves transposes past Pad, into a kernel that computes every
index with 64-bit divisions: 170 µs for 32 x 32 x 1024 on an H100, where the kernel for NCHW takes
under 5. A transpose does not move past a Reshape, so the padding is done with the samples side by
side as channels of one, which in NCHW moves nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from appliance.inference.optimize.edit import GraphEditor


def pad_side_by_side(editor: GraphEditor) -> int:
    """Keep every padding of height and width alone in NCHW; how many."""
    count = 0
    for node in editor.nodes:
        if node.op_type != "Pad" or len(node.input) < 2:
            continue
        before, after = editor.shape(node.input[0]), editor.shape(node.output[0])
        pads = editor.constant(node.input[1])
        if before is None or after is None or pads is None or pads.size != 8:
            continue
        if pads[[0, 1, 4, 5]].any() or None in before[1:] or None in after[1:]:
            continue
        inner = _reshape(editor, node.input[0], (1, -1, *before[2:]))
        attributes: dict[str, Any] = {a.name: a.s for a in node.attribute}
        (padded,) = editor.add("Pad", [inner, *node.input[1:]], **attributes)
        editor.redirect(node.output[0], _reshape(editor, padded, (-1, *after[1:])))
        count += 1
    return count


def _reshape(editor: GraphEditor, tensor: str, shape: tuple[int | None, ...]) -> str:
    sizes = editor.add_constant(np.array(shape, np.int64), "shape")
    return editor.add("Reshape", [tensor, sizes])[0]
