"""All rewritings that keep the arithmetic, in the order in which one prepares the next."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

import onnx

from appliance.inference.optimize.conv_widening import widen_inputs, widen_narrow
from appliance.inference.optimize.dynamic_batch import open_batch
from appliance.inference.optimize.fold import fold_constants
from appliance.inference.optimize.graph_editor import GraphEditor
from appliance.inference.optimize.merge_gemm import merge_products
from appliance.inference.optimize.normalise import (
    drop_cancelled_bias,
    fuse_adain,
    fuse_instance_norm,
)
from appliance.inference.optimize.pad import pad_side_by_side, stay_side_by_side

PASSES: MappingProxyType[str, Callable[[GraphEditor], int]] = MappingProxyType(
    {
        "constants folded": fold_constants,
        "instance norms fused": fuse_instance_norm,
        "styles fused": fuse_adain,
        "biases dropped": drop_cancelled_bias,
        "products merged": merge_products,
        "narrow convolutions widened": widen_narrow,
        "narrow inputs widened": widen_inputs,
        "paddings kept in NCHW": pad_side_by_side,
        "sums kept in NCHW": stay_side_by_side,
    }
)
"""Names and passes; each says how many places it changed."""

IN_NCHW = frozenset({"styles fused", "paddings kept in NCHW", "sums kept in NCHW"})
"""Those that work around what ``fused.fuse`` replaces."""


def rewrite(
    model: onnx.ModelProto, *, batch: bool = True, fusing: bool = False
) -> tuple[onnx.ModelProto, dict[str, int]]:
    """``model`` with the same function and less work, and what was done how often.

    ``batch``: let the first dimension be chosen by the caller (see ``batch.open_batch``).
    ``fusing``: ``fused.fuse`` comes next.
    """
    editor = GraphEditor(model)
    done = {"constants folded": fold_constants(editor)}
    editor.settle()
    if batch:
        open_batch(editor)
        editor.settle()
    for name, step in PASSES.items():
        if fusing and name in IN_NCHW:
            continue
        done[name] = done.get(name, 0) + step(editor)
        editor.settle()
    return editor.result(), done
