"""Rectifiers with a slope for each channel, in a form that ONNX Runtime computes fast on a CPU.

Its convolutions want channels in blocks, and keep them so from one to the next where it knows each
operator in between. It does not know PRelu: both sides of it are reordered, and its kernel takes
longer than the convolutions around it. In convolutions of one pixel, one channel each, the same
function stays in blocks:

    PRelu(x, a) = x + (1 - a) · Relu(-x)

Nor does it know Pad, by which residual networks add empty channels to what a block is given. All
that is added to it leaves the blocks as well, to the end of the network. A convolution that copies
each channel and makes the further ones of zeros does the same.

Without this the mesh of a face takes twice as long. Results differ in their rounding only.
"""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

# Operators whose results have the axes and the channels of their first input.
_KEEP_CHANNELS = frozenset(("BatchNormalization", "Clip", "GridSample", "MaxPool", "PRelu", "Relu"))
# Those whose results have the axes and the channels of both inputs, if these agree.
_JOIN = frozenset(("Add", "Mul"))
_TO_LAST, _TO_FIRST = [0, 2, 3, 1], [0, 3, 1, 2]  # axes of pictures, channels first or last


def in_convolutions(data: bytes) -> bytes:
    """The graph of a network with its PRelu as convolutions, where it is certain that they fit.

    Those that come after a convolution in two dimensions, and whose slopes are constants. Where
    there are any, further channels of zeros are made by convolutions, too.
    """
    model = onnx.ModelProto.FromString(data)
    if not any(node.op_type == "PRelu" for node in model.graph.node):
        return data
    constants = _Constants(model.graph)
    pictures = _Pictures(constants)
    nodes: list[onnx.NodeProto] = []
    for node in model.graph.node:
        made = [node]
        given = pictures.channels.get(node.input[0], 0) if node.input else 0
        if given and node.op_type == "PRelu":
            slopes = constants.slopes(node.input[1])
            if slopes is not None and len(slopes) == given:
                made = _as_convolutions(model.graph, node, slopes)
        elif given and node.op_type == "Pad":
            further = constants.further_channels(node)
            if further:
                made = [_with_channels(model.graph, node, given, given + further)]
        pictures.follow(node)
        nodes += made
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model.SerializeToString()


class _Pictures:
    """Which values of a graph certainly are batches of pictures.

    ``channels``: how many each of them has, by name.
    """

    def __init__(self, constants: _Constants) -> None:
        self.channels: dict[str, int] = {}
        self._channels_last: dict[str, int] = {}
        self._constants = constants

    def follow(self, node: onnx.NodeProto) -> None:
        """Go on to what ``node`` makes; nodes come in their order."""
        first = node.input[0] if node.input else ""
        count: int | None = None
        if node.op_type == "Conv":
            count = self._constants.filters(node.input[1])
        elif node.op_type in _KEEP_CHANNELS:
            count = self.channels.get(first)
        elif node.op_type in _JOIN:
            count = self._joined(node)
        elif node.op_type == "Pad" and first in self.channels:
            padding = self._constants.padding(node)
            count = None if padding is None else self.channels[first] + padding[1] + padding[5]
        elif node.op_type == "Transpose":
            order = list(node.attribute[0].ints) if node.attribute else []
            if order == _TO_LAST and first in self.channels:
                self._channels_last[node.output[0]] = self.channels[first]
            elif order == _TO_FIRST:
                count = self._channels_last.get(first)
        if count is not None:
            self.channels[node.output[0]] = count

    def _joined(self, node: onnx.NodeProto) -> int | None:
        """Of a sum or product: as each input that is no single number has."""
        counts = {
            self.channels.get(name) for name in node.input if not self._constants.is_number(name)
        }
        return counts.pop() if len(counts) == 1 else None


class _Constants:
    """The float32 weights of a graph; some are stored in half precision and cast."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        given = {value.name for value in graph.input}  # which a caller may replace
        self._weights = {
            tensor.name: tensor for tensor in graph.initializer if tensor.name not in given
        }
        self._casts = {
            node.output[0]: node.input[0]
            for node in graph.node
            if node.op_type == "Cast" and node.attribute[0].i == onnx.TensorProto.FLOAT
        }

    def filters(self, name: str) -> int | None:
        """How many filters the weights of a convolution in two dimensions are; else ``None``."""
        weight = self._weight(name)
        return None if weight is None or len(weight.dims) != 4 else int(weight.dims[0])

    def is_number(self, name: str) -> bool:
        """Whether a weight is a single one, which changes no shape."""
        weight = self._weight(name)
        return weight is not None and len(weight.dims) <= 4 and set(weight.dims) <= {1}

    def padding(self, node: onnx.NodeProto) -> list[int] | None:
        """By how much a Pad extends each axis of pictures, before all and after all of them.

        ``None`` if the file does not say.
        """
        sizes = self._weights.get(node.input[1]) if len(node.input) in {2, 3} else None
        if sizes is None or list(sizes.dims) != [8]:
            return None
        return [int(size) for size in numpy_helper.to_array(sizes)]

    def further_channels(self, node: onnx.NodeProto) -> int:
        """How many channels of zeros a Pad adds at the end; 0 if it does anything else."""
        padding = self.padding(node)
        if padding is None or len(node.input) > 2 or node.attribute:
            return 0
        further = padding.pop(5)
        return 0 if any(padding) else max(further, 0)

    def slopes(self, name: str) -> NDArray[np.float32] | None:
        """One slope for each channel of a picture, (c,); ``None`` if ``name`` is no such thing."""
        weight = self._weight(name)
        if weight is None:
            return None
        *before, channels, height, width = (1, 1, 1, *weight.dims)
        if (height, width) != (1, 1) or channels == 1 or any(size != 1 for size in before):
            return None
        return np.asarray(numpy_helper.to_array(weight), np.float32).reshape(channels)

    def _weight(self, name: str) -> onnx.TensorProto | None:
        if name in self._casts:
            return self._weights.get(self._casts[name])
        weight = self._weights.get(name)
        is_float = weight is not None and weight.data_type == onnx.TensorProto.FLOAT
        return weight if is_float else None


def _as_convolutions(
    graph: onnx.GraphProto, node: onnx.NodeProto, slopes: NDArray[np.float32]
) -> list[onnx.NodeProto]:
    """The nodes that compute ``node``; their weights are added to ``graph``."""
    given, result = node.input[0], node.output[0]
    count = len(slopes)

    def convolution(name: str, of: str, factors: NDArray[np.float32]) -> onnx.NodeProto:
        weights = factors.reshape(count, 1, 1, 1).astype(np.float32)
        graph.initializer.append(numpy_helper.from_array(weights, f"{name}/weights"))
        inputs = [of, f"{name}/weights"]
        return helper.make_node("Conv", inputs, [name], group=count, kernel_shape=[1, 1])

    negative, rest = f"{result}/negative", f"{result}/rest"
    return [
        convolution(negative, given, -np.ones(count, np.float32)),
        helper.make_node("Relu", [negative], [f"{negative}/kept"]),
        convolution(rest, f"{negative}/kept", 1 - slopes),
        helper.make_node("Add", [rest, given], [result]),
    ]


def _with_channels(
    graph: onnx.GraphProto, node: onnx.NodeProto, given: int, wanted: int
) -> onnx.NodeProto:
    """The node that makes ``wanted`` channels of ``given`` ones, as the Pad ``node`` does."""
    name = f"{node.output[0]}/weights"
    weights = np.eye(wanted, given, dtype=np.float32).reshape(wanted, given, 1, 1)
    graph.initializer.append(numpy_helper.from_array(weights, name))
    inputs = [node.input[0], name]
    return helper.make_node("Conv", inputs, [node.output[0]], kernel_shape=[1, 1])
