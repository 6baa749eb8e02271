"""Fuses instance normalisation, which exporters write out as ten operators, into one.

InstanceNormalization (Ulyanov, Vedaldi and Lempitsky, 2016): y = (x - mean) / sqrt(var + eps) over
the pixels of each channel of each sample. AdaIN (Huang and Belongie, 2017) then scales and shifts
each channel by a style. Each separate operator reads and writes all of the tensor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx

from appliance.inference.optimize.graph_editor import GraphEditor


@dataclass(frozen=True, slots=True)
class _Found:
    """``x`` normalised into ``y``."""

    x: str
    y: str
    epsilon: float
    channels: int


def fuse_instance_norm(editor: GraphEditor) -> int:
    """Replace every written-out instance normalisation; returns how many."""
    found = [
        hit for node in editor.nodes if node.op_type == "Sub" and (hit := _match(editor, node))
    ]
    for hit in found:
        kind = editor.dtype(hit.x)
        scale = editor.add_constant(np.ones(hit.channels, kind), "scale")
        shift = editor.add_constant(np.zeros(hit.channels, kind), "shift")
        (y,) = editor.add("InstanceNormalization", [hit.x, scale, shift], epsilon=hit.epsilon)
        editor.redirect(hit.y, y)
    return len(found)


def fuse_adain(editor: GraphEditor) -> int:
    """Let instance normalisations apply the style that follows them; returns how many do.

    The operator takes one scale per channel, but a style has one per channel and sample. So the
    batch is reshaped to the channels of one sample, (1, n c, h, w), which in NCHW copies nothing.
    """
    count = 0
    for node in editor.nodes:
        if node.op_type != "InstanceNormalization" or not is_plain(editor, node):
            continue
        gain = editor.only_reader(node.output[0], "Mul")
        shift = editor.only_reader(gain.output[0], "Add") if gain is not None else None
        dims = editor.shape(node.input[0])
        if gain is None or shift is None or dims is None or None in dims[1:]:
            continue
        styles = [
            other
            for operator, through in ((gain, node.output[0]), (shift, gain.output[0]))
            for other in operator.input
            if other != through
        ]
        if len(styles) != 2 or any(editor.shape(s) != (dims[0], dims[1], 1, 1) for s in styles):
            continue
        _restyle(editor, node, (styles[0], styles[1]), shift.output[0])
        count += 1
    return count


def drop_cancelled_bias(editor: GraphEditor) -> int:
    """Remove the bias of convolutions whose mean is subtracted next; returns how many."""
    count = 0
    for node in editor.nodes:
        if node.op_type != "Conv" or len(node.input) < 3 or editor.is_output(node.output[0]):
            continue
        readers = editor.readers(node.output[0])
        if readers and all(_subtracts_mean(editor, reader) for reader in readers):
            del node.input[2]
            count += 1
    return count


def _subtracts_mean(editor: GraphEditor, node: onnx.NodeProto) -> bool:
    if node.op_type == "Reshape":  # to (1, n c, h, w), by fuse_adain
        normalised = editor.only_reader(node.output[0], "InstanceNormalization")
        return normalised is not None and _target(editor, node)[:2] == [1, -1]
    return node.op_type == "InstanceNormalization"


def _target(editor: GraphEditor, reshape: onnx.NodeProto) -> list[int]:
    value = editor.constant(reshape.input[1])
    return [] if value is None else [int(size) for size in value]


def _restyle(
    editor: GraphEditor, node: onnx.NodeProto, styles: tuple[str, str], result: str
) -> None:
    dims = editor.shape(node.input[0])
    assert dims is not None  # noqa: S101 - checked by the caller
    channels, height, width = dims[1:]

    def to(tensor: str, *shape: int | None) -> str:
        return editor.add(
            "Reshape", [tensor, editor.add_constant(np.array(shape, np.int64), "shape")]
        )[0]

    one_sample = to(node.input[0], 1, -1, height, width)
    flat = [to(style, -1) for style in styles]
    epsilon = _attribute(node, "epsilon", 1e-5)
    (y,) = editor.add("InstanceNormalization", [one_sample, *flat], epsilon=epsilon)
    editor.redirect(result, to(y, -1, channels, height, width))


def is_plain(editor: GraphEditor, node: onnx.NodeProto) -> bool:
    """Whether an instance normalisation scales by one and shifts by zero."""
    scale, shift = (editor.constant(name) for name in node.input[1:3])
    return scale is not None and shift is not None and bool((scale == 1).all() and not shift.any())


def _match(editor: GraphEditor, centre: onnx.NodeProto) -> _Found | None:
    """The instance normalisation that begins with ``centre`` = x - mean(x), if it is one.

    The nodes after it must compute (x - mean) / sqrt(mean((x - mean)²) + eps).
    """
    x, mean = centre.input
    dims = editor.shape(x)
    if dims is None or len(dims) != 4 or dims[1] is None or not _is_mean_of(editor, mean, x):
        return None
    centred = centre.output[0]
    readers = editor.readers(centred)
    square = next((node for node in readers if _is_square(editor, node, centred)), None)
    end = next((node for node in readers if node is not square), None)
    if square is None or end is None or len(readers) != 2:
        return None
    variance = editor.only_reader(square.output[0], "ReduceMean")
    if variance is None or not _over_pixels(editor, variance):
        return None
    shifted = editor.only_reader(variance.output[0], "Add")
    epsilon = 0.0
    at = variance
    if shifted is not None:
        values = [editor.scalar(name) for name in shifted.input if name != variance.output[0]]
        if len(values) != 1 or values[0] is None:
            return None
        epsilon, at = values[0], shifted
    root = editor.only_reader(at.output[0], "Sqrt")
    if root is None or not _divides(editor, end, centred, root.output[0]):
        return None
    return _Found(x, end.output[0], epsilon, dims[1])


def _divides(editor: GraphEditor, node: onnx.NodeProto, value: str, by: str) -> bool:
    if node.op_type == "Div":
        return list(node.input) == [value, by] and len(editor.readers(by)) == 1
    if node.op_type != "Mul":
        return False
    others = [name for name in node.input if name != value]
    inverse = editor.producer(others[0]) if len(others) == 1 else None
    if inverse is None or len(editor.readers(others[0])) != 1:
        return False
    if inverse.op_type == "Reciprocal":
        return inverse.input[0] == by
    return (
        inverse.op_type == "Div" and inverse.input[1] == by and editor.scalar(inverse.input[0]) == 1
    )


def _is_square(editor: GraphEditor, node: onnx.NodeProto, value: str) -> bool:
    if node.op_type == "Mul":
        return list(node.input) == [value, value]
    return node.op_type == "Pow" and node.input[0] == value and editor.scalar(node.input[1]) == 2


def _is_mean_of(editor: GraphEditor, mean: str, x: str) -> bool:
    node = editor.producer(mean, "ReduceMean")
    alone = node is not None and len(editor.readers(mean)) == 1
    return alone and node is not None and node.input[0] == x and _over_pixels(editor, node)


def _over_pixels(editor: GraphEditor, node: onnx.NodeProto) -> bool:
    """Whether a reduction runs over height and width and keeps the dimensions."""
    axes = _attribute(node, "axes", None)
    if axes is None and len(node.input) > 1:  # an input since operator set 18
        value = editor.constant(node.input[1])
        axes = None if value is None else value.tolist()
    if axes is None or _attribute(node, "keepdims", 1) != 1:
        return False
    return sorted(axis % 4 for axis in axes) == [2, 3]


def _attribute(node: onnx.NodeProto, name: str, default: Any) -> Any:
    found = [a for a in node.attribute if a.name == name]
    return onnx.helper.get_attribute_value(found[0]) if found else default
