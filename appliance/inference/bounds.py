"""How often a loop of a graph runs and how large a tensor it asks for, where the file says so.

Only constants are looked at: a graph can compute a size, which the memory limit of the process
bounds. A number of rounds is not bounded by memory, so it must be a constant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import prod

import numpy as np
import onnx
import onnx.numpy_helper

Numbers = tuple[int, ...]

_LARGEST = 64  # elements of a constant that is kept: shapes and counts have a few
_SHAPE = {"ConstantOfShape": 0, "Expand": 1}  # which input is the shape of the output
_BY_VALUE = frozenset({"value", "value_int", "value_ints"})


class Constants:
    """The small whole-number constants of a model, by name.

    A name that is defined more than once, in whichever graph, or by anything else than a constant,
    is not among them: which definition is meant need not be known then.
    """

    def __init__(self, model: onnx.ModelProto) -> None:
        self._model = model
        self._known: dict[str, Numbers | None] = {}

    def rounds(self, loop: onnx.NodeProto) -> int | None:
        """How often the body of the Loop ``loop`` runs at most; ``None`` if the file does not say.

        At least 1, since the body is there to be checked.
        """
        value = self._input(loop, 0)
        return max(1, value[0]) if value is not None and len(value) == 1 else None

    def elements(self, node: onnx.NodeProto) -> int:
        """How many elements the output of ``node`` has at least, as far as a constant says so.

        0 if it says nothing.
        """
        place = _SHAPE.get(node.op_type)
        value = None if place is None else self._input(node, place)
        return 0 if value is None else prod(max(size, 1) for size in value)

    def _input(self, node: onnx.NodeProto, place: int) -> Numbers | None:
        if not self._known:  # few graphs have an operator that needs them
            self._collect()
        return self._known.get(node.input[place]) if len(node.input) > place else None

    def _collect(self) -> None:
        self._graph(self._model.graph)
        for function in self._model.functions:
            for name in function.input:
                self._define(name, None)
            self._nodes(function.node)

    def _define(self, name: str, value: Numbers | None) -> None:
        self._known[name] = None if name in self._known else value

    def _graph(self, graph: onnx.GraphProto) -> None:
        weights = {tensor.name for tensor in graph.initializer}
        for tensor in graph.initializer:
            self._define(tensor.name, _numbers(tensor))
        # Until IR version 4 weights were listed among the inputs as well.
        for value in graph.input:
            if value.name not in weights:
                self._define(value.name, None)
        self._nodes(graph.node)

    def _nodes(self, nodes: Iterable[onnx.NodeProto]) -> None:
        for node in nodes:
            value = _constant(node) if node.op_type == "Constant" else None
            for name in node.output:
                self._define(name, value)
            for graph in graphs_of(node):
                self._graph(graph)


def graphs_of(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    """The graphs that ``node`` runs: branches, and bodies of loops."""
    for attribute in node.attribute:
        yield attribute.g
        yield from attribute.graphs


def _constant(node: onnx.NodeProto) -> Numbers | None:
    if len(node.attribute) != 1 or node.attribute[0].ref_attr_name:
        return None
    attribute = node.attribute[0]
    if attribute.name not in _BY_VALUE:
        return None
    if attribute.name == "value":
        return _numbers(attribute.t)
    return (attribute.i,) if attribute.name == "value_int" else tuple(attribute.ints[:_LARGEST])


def _numbers(tensor: onnx.TensorProto) -> Numbers | None:
    whole = (onnx.TensorProto.INT64, onnx.TensorProto.INT32)
    if tensor.data_type not in whole or not 0 < prod(tensor.dims) <= _LARGEST:
        return None
    try:
        return tuple(np.asarray(onnx.numpy_helper.to_array(tensor)).reshape(-1).tolist())
    except (ValueError, TypeError):
        return None
