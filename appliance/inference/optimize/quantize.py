"""Eight-bit integers, their ranges read off the operator's own pictures (QDQ form)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
from numpy.typing import NDArray

from appliance.inference.optimize.edit import GraphEditor
from appliance.inference.ort import part

Feed = Mapping[str, NDArray[np.float32] | NDArray[np.float64]]
"""The inputs of one run by name, batch of one."""

OPERATORS = ("Conv", "Gemm", "MatMul")
"""What is quantised: nearly all of the work. The rest stays float32 and keeps its range."""


class _Pictures:
    """What the quantiser calls a calibration data reader."""

    def __init__(self, feeds: Sequence[Feed]) -> None:
        self._feeds = iter(feeds)

    def get_next(self) -> Feed | None:
        return next(self._feeds, None)


def to_int8(model: onnx.ModelProto, feeds: Sequence[Feed]) -> onnx.ModelProto:
    """``model`` with QuantizeLinear and DequantizeLinear around its convolutions and products.

    Weights: signed, one scale a channel. Activations: unsigned, one scale a tensor, from the least
    and largest value that ``feeds`` bring forth. The first and the last convolution stay float32:
    what they lose, nothing mends. By ONNX Runtime's own quantiser, which wants the
    model in a file; only weights are written.
    """
    model = GraphEditor(model).result()  # every node named
    quantization = part("quantization")
    with TemporaryDirectory() as folder:
        prepared, result = Path(folder, "model.onnx"), Path(folder, "int8.onnx")
        part("quantization.shape_inference").quant_pre_process(
            model, str(prepared), skip_symbolic_shape=True, skip_optimization=True
        )
        quantization.quantize_static(
            str(prepared),
            str(result),
            _Pictures(feeds),
            quant_format=quantization.QuantFormat.QDQ,
            op_types_to_quantize=list(OPERATORS),
            per_channel=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
            nodes_to_exclude=_ends(model),
            calibrate_method=quantization.CalibrationMethod.MinMax,
        )
        quantised = onnx.load(str(result))
    # The quantiser drops what no node reads, such as inswapper's emap: see ``edit``.
    last = model.graph.initializer[-1] if model.graph.initializer else None
    if last is not None and not any(last.name in node.input for node in model.graph.node):
        quantised.graph.initializer.append(last)
    return quantised


def _ends(model: onnx.ModelProto) -> list[str]:
    convolutions = [node.name for node in model.graph.node if node.op_type == "Conv"]
    return [*convolutions[:1], *convolutions[-1:]]
