"""A graph under construction: every method adds nodes and returns the name of its output."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
SEED = 20240229

Array = NDArray[Any]
Dims = Sequence[int | str]


class Net:
    """Weights are noise from a seed of the graph's name, scaled so that activations stay bounded.

    ``half``: weights and arithmetic in fp16, inputs and outputs in float32, as converters do with
    "keep io types". ``batch``: the first axis of every input and output, a number or a name.
    """

    def __init__(self, name: str, *, half: bool = False, batch: int | str = 1) -> None:
        self.name = name
        self.half = half
        self.batch = batch
        self._rng = np.random.default_rng([SEED, zlib.crc32(name.encode())])
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[TensorProto] = []
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []
        self._made = 0

    # --- the graph itself

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        return self.ops(kind, 1, *inputs, **attributes)[0]

    def ops(self, kind: str, outputs: int, *inputs: str, **attributes: Any) -> list[str]:
        self._made += 1
        names = [f"{kind.lower()}_{self._made}_{place}" for place in range(outputs)]
        node = helper.make_node(kind, list(inputs), names, name=names[0], **attributes)
        self._nodes.append(node)
        return names

    def weights(self, values: Array, name: str | None = None) -> str:
        values = np.asarray(values)
        if self.half and values.dtype == np.float32:
            values = values.astype(np.float16)
        self._made += 1
        name = name or f"weights_{self._made}"
        self._weights.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def number(self, value: float) -> str:
        return self.weights(np.array(value, np.float32))

    def whole(self, *values: int) -> str:
        return self.weights(np.array(values, np.int64))

    def noise(self, *shape: int, std: float) -> Array:
        return self._rng.standard_normal(shape, dtype=np.float32) * np.float32(std)

    def input(self, name: str, *rest: int | str, kind: int = TensorProto.FLOAT) -> str:
        """An input of the batch and the axes of ``rest``."""
        shape = [self.batch, *rest]
        self._inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return self.op("Cast", name, to=TensorProto.FLOAT16) if self.half else name

    def scalar(self, name: str, kind: int) -> str:
        """An input of one number, whatever the batch."""
        self._inputs.append(helper.make_tensor_value_info(name, kind, [1]))
        to = TensorProto.FLOAT16 if self.half else TensorProto.FLOAT
        return self.op("Cast", name, to=to)

    def output(self, value: str, name: str, *rest: int | str) -> None:
        """An output of the batch and the axes of ``rest``."""
        self.flat_output(value, name, self.batch, *rest)

    def flat_output(self, value: str, name: str, *shape: int | str) -> None:
        """An output whose first axis is not the batch."""
        node = helper.make_node("Identity", [value], [name])
        if self.half:
            node = helper.make_node("Cast", [value], [name], to=TensorProto.FLOAT)
        self._nodes.append(node)
        self._outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape)))

    def model(self) -> onnx.ModelProto:
        graph = helper.make_graph(
            self._nodes, self.name, self._inputs, self._outputs, self._weights
        )
        opset = helper.make_opsetid("", OPSET)
        return helper.make_model(graph, opset_imports=[opset], ir_version=8)

    # --- layers

    def conv(
        self,
        x: str,
        taken: int,
        given: int,
        k: int = 3,
        stride: int = 1,
        *,
        pad: int | None = None,
        gain: float = 2.0,
    ) -> str:
        kernel = self.weights(self.noise(given, taken, k, k, std=math.sqrt(gain / (taken * k * k))))
        bias = self.weights(np.zeros(given, np.float32))
        pads = [k // 2 if pad is None else pad] * 4
        return self.op(
            "Conv", x, kernel, bias, kernel_shape=[k, k], strides=[stride] * 2, pads=pads
        )

    def linear(self, x: str, taken: int, given: int, gain: float = 1.0, bias: float = 0.0) -> str:
        weights = self.weights(self.noise(given, taken, std=math.sqrt(gain / taken)))
        return self.op("Gemm", x, weights, self.weights(np.full(given, bias, np.float32)), transB=1)

    def norm(self, x: str, channels: int, scale: float = 1.0) -> str:
        one, zero = np.ones(channels, np.float32), np.zeros(channels, np.float32)
        parts = [self.weights(values) for values in (one * np.float32(scale), zero, zero, one)]
        return self.op("BatchNormalization", x, *parts, epsilon=1e-5)

    def group_norm(self, x: str, channels: int, groups: int = 32) -> str:
        """As PyTorch exports it: instance norm over the groups, then a scale and a shift."""
        one, zero = np.ones(groups, np.float32), np.zeros(groups, np.float32)
        y = self.reshape(x, 0, groups, -1)
        y = self.op("InstanceNormalization", y, self.weights(one), self.weights(zero), epsilon=1e-6)
        y = self.op("Reshape", y, self.op("Shape", x))
        y = self.mul(y, self.weights(np.ones((channels, 1, 1), np.float32)))
        return self.add(y, self.weights(np.zeros((channels, 1, 1), np.float32)))

    def relu(self, x: str) -> str:
        return self.op("Relu", x)

    def leaky(self, x: str, slope: float = 0.2) -> str:
        return self.op("LeakyRelu", x, alpha=slope)

    def prelu(self, x: str, channels: int) -> str:
        return self.op("PRelu", x, self.weights(np.full((channels, 1, 1), 0.25, np.float32)))

    def silu(self, x: str) -> str:
        return self.mul(x, self.op("Sigmoid", x))

    def add(self, a: str, b: str) -> str:
        return self.op("Add", a, b)

    def mul(self, a: str, b: str) -> str:
        return self.op("Mul", a, b)

    def cat(self, *parts: str, axis: int = 1) -> str:
        return self.op("Concat", *parts, axis=axis)

    def split(self, x: str, *sizes: int, axis: int = 1) -> list[str]:
        return self.ops("Split", len(sizes), x, self.whole(*sizes), axis=axis)

    def reshape(self, x: str, *shape: int) -> str:
        return self.op("Reshape", x, self.whole(*shape))

    def unsqueeze(self, x: str, *axes: int) -> str:
        return self.op("Unsqueeze", x, self.whole(*axes))

    def pool(self, x: str, k: int = 2, stride: int = 2, pad: int = 0, kind: str = "MaxPool") -> str:
        return self.op(kind, x, kernel_shape=[k, k], strides=[stride] * 2, pads=[pad] * 4)

    def mean(self, x: str, *axes: int) -> str:
        return self.op("ReduceMean", x, axes=list(axes), keepdims=1)

    def reflect(self, x: str, pad: int) -> str:
        return self.op("Pad", x, self.whole(0, 0, pad, pad, 0, 0, pad, pad), mode="reflect")

    def resize(self, x: str, scale: float, mode: str = "linear") -> str:
        # The scales stay float32 whatever the arithmetic.
        self._made += 1
        name = f"scales_{self._made}"
        scales = np.array([1, 1, scale, scale], np.float32)
        self._weights.append(numpy_helper.from_array(scales, name))
        if mode == "nearest":
            return self.op(
                "Resize",
                x,
                "",
                name,
                mode=mode,
                coordinate_transformation_mode="asymmetric",
                nearest_mode="floor",
            )
        return self.op("Resize", x, "", name, mode=mode)

    def pin(self, x: str, values: Array) -> str:
        """``values``, plus the result of ``x`` times zero, so that the cost of ``x`` remains."""
        return self.add(self.mul(x, self.number(0.0)), self.weights(np.asarray(values, np.float32)))

    def clip(self, x: str, low: float, high: float) -> str:
        return self.op("Clip", x, self.number(low), self.number(high))
