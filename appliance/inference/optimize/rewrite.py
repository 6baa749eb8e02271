"""All passes that preserve the arithmetic, in the order in which one prepares the next."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

import onnx

from appliance.inference.optimize.conv_widening import widen_inputs, widen_outputs
from appliance.inference.optimize.dynamic_batch import open_batch
from appliance.inference.optimize.fold import fold_constants
from appliance.inference.optimize.graph_editor import GraphEditor
from appliance.inference.optimize.merge_gemm import merge_products
from appliance.inference.optimize.normalise import (
    drop_cancelled_bias,
    fuse_adain,
    fuse_instance_norm,
)
from appliance.inference.optimize.pad import add_in_nchw, pad_in_nchw

PASSES: MappingProxyType[str, Callable[[GraphEditor], int]] = MappingProxyType(
    {
        "constants folded": fold_constants,
        "instance norms fused": fuse_instance_norm,
        "styles fused": fuse_adain,
        "biases dropped": drop_cancelled_bias,
        "products merged": merge_products,
        "narrow convolutions widened": widen_outputs,
        "narrow inputs widened": widen_inputs,
        "paddings kept in NCHW": pad_in_nchw,
        "sums kept in NCHW": add_in_nchw,
    }
)
"""The passes by name; each returns how many places it changed."""

IN_NCHW = frozenset({"styles fused", "paddings kept in NCHW", "sums kept in NCHW"})
"""Passes that work around operators which ``fused.fuse`` replaces."""


def rewrite(
    model: onnx.ModelProto, *, batch: bool = True, fusing: bool = False
) -> tuple[onnx.ModelProto, dict[str, int]]:
    """A faster model that computes the same, and how many places each pass changed.

    ``batch``: make the batch axis dynamic (see ``dynamic_batch.open_batch``). ``fusing``: whether
    ``fused.fuse`` comes next.
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
