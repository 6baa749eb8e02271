"""What the hardware allows at best: work over measured peak, bytes over measured bandwidth."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from statistics import median
from time import perf_counter

import numpy as np
import onnx
from onnx import TensorProto, helper

from appliance.inference.optimize.graph_editor import GraphEditor
from appliance.inference.ort import ort

SIDE = 8192  # of the matrices that the peak is measured on


@dataclass(frozen=True)
class Peak:
    """``flops``: of float16 matrix products with random values, a second. ``bandwidth``: bytes."""

    flops: float
    bandwidth: float

    def floor(self, macs: int, weights: int, batch: int) -> float:
        """The least ms a sample of a float16 network: products, or reading its weights once."""
        return 1e3 * max(2 * macs / self.flops, 2 * weights / batch / self.bandwidth)


def work(model: onnx.ModelProto) -> tuple[int, int]:
    """Multiply-adds of one sample's convolutions and products, and the number of weights."""
    editor = GraphEditor(model)
    macs = 0
    for node in editor.nodes:
        out, weights = (
            editor.shape(node.output[0]),
            editor.shape(node.input[1]) if len(node.input) > 1 else None,
        )
        if out is None or weights is None:
            continue
        if node.op_type == "Conv":
            macs += prod(side or 1 for side in out) * prod(side or 1 for side in weights[1:])
        elif node.op_type in {"Gemm", "MatMul"}:
            macs += prod(side or 1 for side in weights)
    return macs, sum(prod(tensor.dims) for tensor in model.graph.initializer)


def measured() -> Peak:
    """On the first GPU, by a large product and a large sum."""
    product = _seconds("MatMul", (SIDE, SIDE))
    total = _seconds("Add", (1 << 15, SIDE))
    return Peak(2 * SIDE**3 / product, 3 * 2 * (1 << 15) * SIDE / total)


def _seconds(kind: str, shape: tuple[int, int]) -> float:
    """The median of one run on random float16, everything on the device."""
    repeats = 8  # in one graph, so that a launch's own time does not count
    names = ["a"] + [f"y{i}" for i in range(repeats)]
    nodes = [helper.make_node(kind, [names[i], "b"], [names[i + 1]]) for i in range(repeats)]
    values = {
        n: helper.make_tensor_value_info(n, TensorProto.FLOAT16, shape)
        for n in ("a", "b", names[-1])
    }
    graph = helper.make_graph(nodes, "peak", [values["a"], values["b"]], [values[names[-1]]])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    session = ort.InferenceSession(
        model.SerializeToString(), providers=["CUDAExecutionProvider"], enable_fallback=0
    )
    rng = np.random.default_rng(0)
    binding = session.io_binding()
    scale = 1 / np.sqrt(shape[1])
    for name in "ab":
        array = (rng.standard_normal(shape, np.float32) * scale).astype(np.float16)
        binding.bind_ortvalue_input(name, ort.OrtValue.ortvalue_from_numpy(array, "cuda", 0))
    binding.bind_output(names[-1], "cuda")
    taken = []
    for _ in range(8):
        started = perf_counter()
        session.run_with_iobinding(binding)
        taken.append(perf_counter() - started)
    return median(taken[3:]) / repeats
