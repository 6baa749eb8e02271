"""Quantisation to 8-bit integers (QDQ), with ranges observed on the operator's pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import onnx

from appliance.inference.optimize.graph_editor import GraphEditor
from appliance.inference.optimize.ranges import Range
from appliance.inference.ort import part

OPERATORS = ("Conv", "Gemm", "MatMul")
"""The operators that are quantised: nearly all of the work. The others stay float32."""

ENDS = (0.0, 1 / 8, 1 / 4)
"""Shares of the convolutions that stay float32 at either end of the graph, at least one. Each is
tried only if the one before errs too much. The first and last convolutions matter most, since no
later layer corrects what they lose."""


def to_int8(model: onnx.ModelProto, ranges: Mapping[str, Range], end: float) -> onnx.ModelProto:
    """``model`` with QuantizeLinear and DequantizeLinear around its convolutions and products.

    Weights are signed with one scale per channel, activations unsigned with one scale per tensor,
    from ``ranges`` (see ``ranges.observe``). ``end``: one of ``ENDS``. ONNX Runtime's quantiser
    does the work.
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
    # The quantiser drops weights that no node reads, such as inswapper's emap: see GraphEditor.
    last = model.graph.initializer[-1] if model.graph.initializer else None
    if last is not None and not any(last.name in node.input for node in model.graph.node):
        quantised.graph.initializer.append(last)
    return quantised


def _inferred(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy with the types of all tensors, which the quantiser may change.

    It is marked as inferred, since the quantiser would otherwise infer types through files.
    """
    inferred = onnx.shape_inference.infer_shapes(model)
    part("quantization.quant_utils").add_infer_metadata(inferred)
    return inferred


def _ends(model: onnx.ModelProto, end: float) -> Iterator[str]:
    convolutions = [node.name for node in model.graph.node if node.op_type == "Conv"]
    count = max(1, round(end * len(convolutions)))
    yield from convolutions[:count]
    yield from convolutions[-count:]
