"""Eight-bit integers (QDQ form), by ranges that were read off the operator's own pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import onnx

from appliance.inference.optimize.graph_editor import GraphEditor
from appliance.inference.optimize.ranges import Range
from appliance.inference.ort import part

OPERATORS = ("Conv", "Gemm", "MatMul")
"""What is quantised: nearly all of the work. The rest stays float32 and keeps its range."""

ENDS = (0.0, 1 / 8, 1 / 4)
"""Shares of the convolutions that stay float32 at either end, one at least: each is tried only if
the one before errs too much. What the first and the last lose, nothing mends."""


def to_int8(model: onnx.ModelProto, ranges: Mapping[str, Range], end: float) -> onnx.ModelProto:
    """``model`` with QuantizeLinear and DequantizeLinear around its convolutions and products.

    Weights: signed, one scale a channel. Activations: unsigned, one scale a tensor, from
    ``ranges`` (see ``ranges.observe``). ``end``: one of ``ENDS``. By ONNX Runtime's own quantiser.
    """
    named = GraphEditor(model).result()
    quantization = part("quantization")
    minmax = quantization.CalibrationMethod.MinMax
    quantiser = part("quantization.qdq_quantizer").QDQQuantizer(
        _inferred(named),
        per_channel=True,
        reduce_range=False,
        weight_qType=quantization.QuantType.QInt8,
        activation_qType=quantization.QuantType.QUInt8,
        tensors_range=part("quantization.calibrate").TensorsData(minmax, dict(ranges)),
        nodes_to_quantize=[],
        nodes_to_exclude=list(_ends(named, end)),
        op_types_to_quantize=list(OPERATORS),
        extra_options={},
    )
    quantiser.quantize_model()
    quantised: onnx.ModelProto = quantiser.model.model
    del quantised.graph.value_info[:]
    # The quantiser drops what no node reads, such as inswapper's emap: see ``edit``.
    last = model.graph.initializer[-1] if model.graph.initializer else None
    if last is not None and not any(last.name in node.input for node in model.graph.node):
        quantised.graph.initializer.append(last)
    return quantised


def _inferred(model: onnx.ModelProto) -> onnx.ModelProto:
    """With the types of all tensors, marked as the quantiser wants: else it infers by way of files.

    The weights are its own to change.
    """
    inferred = onnx.shape_inference.infer_shapes(model)
    part("quantization.quant_utils").add_infer_metadata(inferred)
    return inferred


def _ends(model: onnx.ModelProto, end: float) -> Iterator[str]:
    convolutions = [node.name for node in model.graph.node if node.op_type == "Conv"]
    count = max(1, round(end * len(convolutions)))
    yield from convolutions[:count]
    yield from convolutions[-count:]
