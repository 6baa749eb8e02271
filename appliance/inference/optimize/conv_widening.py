"""Widens convolutions with few channels, to fill a GPU's matrix unit.

A matrix unit computes sixteen output channels at once. The last layer of a generator has three
(red, green, blue), which leaves thirteen idle. Four neighbouring pixels of a k x k convolution are
computed as the twelve outputs of a (k+1) x (k+1) convolution of stride two, whose kernel holds the
old one at four positions among zeros: a third more products, a third of the time, the same sums.
"""

from __future__ import annotations

import numpy as np
from onnx import helper

from appliance.inference.optimize.graph_editor import Array, GraphEditor

MAX_CHANNELS = 4  # output channels: four pixels of them still fit one matrix unit


def widen_outputs(editor: GraphEditor) -> int:
    """Widen convolutions with large kernels and few output channels; returns how many."""
    count = 0
    for node in editor.nodes:
        shape = editor.shape(node.output[0]) if node.op_type == "Conv" else None
        weights = editor.constant(node.input[1]) if shape is not None else None
        if shape is None or weights is None or weights.ndim != 4:
            continue
        settings = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        height, width = shape[2:]
        plain = (
            settings.get("group", 1) == 1
            and set(settings.get("strides", [1])) == {1}
            and set(settings.get("dilations", [1])) == {1}
            and settings.get("auto_pad", b"NOTSET") == b"NOTSET"
        )
        outputs, _, rows, columns = weights.shape
        even = height is not None and width is not None and height % 2 == width % 2 == 0
        # Below 5 x 5 the added zeros cost more than the idle channels.
        if not plain or not even or outputs > MAX_CHANNELS or min(rows, columns) < 5:
            continue
        inputs = [node.input[0], editor.add_constant(_at_four_positions(weights), "kernel")]
        if len(node.input) > 2:
            bias = editor.constant(node.input[2])
            if bias is None:
                continue
            inputs.append(editor.add_constant(np.tile(bias, 4), "bias"))
        pads = settings.get("pads", [0, 0, 0, 0])
        (wide,) = editor.add(
            "Conv", inputs, kernel_shape=[rows + 1, columns + 1], strides=[2, 2], pads=pads
        )
        (result,) = editor.add("DepthToSpace", [wide], blocksize=2, mode="DCR")
        editor.redirect(node.output[0], result)
        count += 1
    return count


def widen_inputs(editor: GraphEditor) -> int:
    """Add a fourth input channel of zeros to convolutions with large kernels; returns how many.

    Four float16 values are one aligned load.
    """
    count = 0
    for node in editor.nodes:
        weights = editor.constant(node.input[1]) if node.op_type == "Conv" else None
        shape = editor.shape(node.input[0])
        if weights is None or weights.ndim != 4 or shape is None or len(shape) != 4:
            continue
        if weights.shape[1] != 3 or shape[1] != 3 or min(weights.shape[2:]) < 5:
            continue
        wide = np.pad(weights, ((0, 0), (0, 1), (0, 0), (0, 0)))
        pads = editor.add_constant(np.array([0, 0, 0, 0, 0, 1, 0, 0], np.int64), "pads")
        (node.input[0],) = editor.add("Pad", [node.input[0], pads])
        node.input[1] = editor.add_constant(wide, "kernel")
        count += 1
    return count


def _at_four_positions(weights: Array) -> Array:
    """``weights``, (outputs, inputs, k, k), as the kernel that computes 2 x 2 pixels at once.

    The result is (4 outputs, inputs, k + 1, k + 1), in DepthToSpace's order (DCR).
    """
    outputs, inputs, rows, columns = weights.shape
    kernel = np.zeros((2, 2, outputs, inputs, rows + 1, columns + 1), weights.dtype)
    for y in range(2):
        for x in range(2):
            kernel[y, x, :, :, y : y + rows, x : x + columns] = weights
    return kernel.reshape(4 * outputs, inputs, rows + 1, columns + 1)
