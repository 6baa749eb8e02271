"""An ONNX graph that is being rewritten: producers and readers of tensors, constants, shapes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

Array = NDArray[Any]
Dims = tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class _Fact:
    """What shape inference knows about a tensor."""

    dims: Dims | None
    dtype: np.dtype[Any]


class GraphEditor:
    """The main graph of a model, which the passes of this package search and rewrite.

    A pass calls ``add`` for new nodes and ``redirect`` to move an old tensor's readers to a new
    one. ``settle`` is called after each pass and ``result`` at the end. Subgraphs of nodes (If,
    Loop, Scan) are not changed; tensors that they take from outside count as read.
    """

    def __init__(self, model: onnx.ModelProto) -> None:
        """Edit a copy of ``model`` that shares its weights."""
        self.frame = _frame(model)
        self.frame.graph.input.extend(model.graph.input)
        self.frame.graph.output.extend(model.graph.output)
        self.frame.graph.node.extend(model.graph.node)
        self._weights = {tensor.name: tensor for tensor in model.graph.initializer}
        # inswapper's emap is the last weight of its graph and read by no node.
        self._last = next(reversed(self._weights), None)
        self._nodes = list(self.frame.graph.node)
        for at, node in enumerate(self._nodes):
            node.name = node.name or f"node_{at}"  # the quantiser identifies nodes by name
        self._count = 0
        self._facts: dict[str, _Fact] | None = None
        self._index()

    @property
    def nodes(self) -> tuple[onnx.NodeProto, ...]:
        """The current nodes: in order after ``settle``, otherwise new ones are last."""
        return tuple(self._nodes)

    def producer(self, tensor: str, kind: str | None = None) -> onnx.NodeProto | None:
        """The node that produces ``tensor``, if its operator is ``kind`` (by default any)."""
        node = self._producers.get(tensor)
        return node if node is not None and kind in (None, node.op_type) else None

    def readers(self, tensor: str) -> tuple[onnx.NodeProto, ...]:
        """The nodes that read ``tensor``, each once."""
        return tuple(self._readers.get(tensor, {}).values())

    def only_reader(self, tensor: str, kind: str) -> onnx.NodeProto | None:
        """The only reader of ``tensor``, if there is just one and its operator is ``kind``."""
        readers = self.readers(tensor)
        alone = len(readers) == 1 and not self.is_output(tensor)
        return readers[0] if alone and readers[0].op_type == kind else None

    def is_output(self, tensor: str) -> bool:
        """Whether ``tensor`` is an output of the graph."""
        return any(value.name == tensor for value in self.frame.graph.output)

    def constant(self, tensor: str) -> Array | None:
        """The value of ``tensor`` if it is a weight or the output of a Constant."""
        if tensor in self._weights:
            return numpy_helper.to_array(self._weights[tensor])
        node = self.producer(tensor, "Constant")
        if node is None or [a.name for a in node.attribute] != ["value"]:
            return None
        return numpy_helper.to_array(node.attribute[0].t)

    def scalar(self, tensor: str) -> float | None:
        """The value of ``tensor`` if it is a constant of one element."""
        value = self.constant(tensor)
        return float(value.reshape(-1)[0]) if value is not None and value.size == 1 else None

    def shape(self, tensor: str) -> Dims | None:
        """The inferred shape of ``tensor``, with ``None`` for a dynamic dimension.

        ``None`` if it is unknown, as it is for tensors added since the last ``settle``.
        """
        fact = self._fact(tensor)
        return fact.dims if fact is not None else None

    def dtype(self, tensor: str) -> np.dtype[Any] | None:
        """The inferred element type of ``tensor``; ``None`` as for ``shape``."""
        fact = self._fact(tensor)
        return fact.dtype if fact is not None else None

    def add_constant(self, value: Array, hint: str) -> str:
        """Add a weight; returns its name, which contains ``hint``."""
        name = self._fresh(hint)
        self._weights[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def add(
        self, kind: str, inputs: Sequence[str], outputs: int = 1, **attributes: Any
    ) -> list[str]:
        """Add a node of the operator ``kind``; returns the names of its outputs."""
        names = [self._fresh(kind.lower()) for _ in range(outputs)]
        node = helper.make_node(kind, list(inputs), names, name=names[0], **attributes)
        self._nodes.append(node)
        self._index()
        return names

    def redirect(self, old: str, new: str) -> None:
        """Let all readers of ``old``, the graph's outputs included, read ``new`` instead."""
        for node in self.readers(old):
            for at, name in enumerate(node.input):
                if name == old:
                    node.input[at] = new
        if self.is_output(old):
            # The output keeps its name: the new producer takes it over, the old one is renamed.
            spare = self._fresh("was")
            for node in self._nodes:
                for at, name in enumerate(node.output):
                    node.output[at] = {old: spare, new: old}.get(name, name)
                for at, name in enumerate(node.input):
                    if name == new:
                        node.input[at] = old
        self._index()

    def settle(self) -> None:
        """Drop nodes that nothing reads, sort the others, and forget inferred shapes."""
        known = set(self._weights) | {value.name for value in self.frame.graph.input}
        self._nodes = _ordered(self._alive(), known)
        self._facts = None
        self._index()

    def result(self) -> onnx.ModelProto:
        """The rewritten model without unread weights, except for the last one of the original."""
        self.settle()
        outputs = self.frame.graph.output
        read = {name for node in self._nodes for name in _reads(node)}
        read |= {value.name for value in outputs}
        kept = [t for name, t in self._weights.items() if name in read and name != self._last]
        result = _frame(self.frame)
        result.graph.node.extend(self._nodes)
        result.graph.input.extend(self.frame.graph.input)
        result.graph.output.extend(outputs)
        result.graph.initializer.extend(kept)
        if self._last is not None:
            result.graph.initializer.append(self._weights[self._last])
        return result

    def _fact(self, tensor: str) -> _Fact | None:
        if self._facts is None:
            self._facts = _inferred(self.frame, self._nodes, self._weights)
        return self._facts.get(tensor)

    def _alive(self) -> list[onnx.NodeProto]:
        wanted = [value.name for value in self.frame.graph.output]
        alive: dict[int, onnx.NodeProto] = {}
        while wanted:
            node = self._producers.get(wanted.pop())
            if node is not None and id(node) not in alive:
                alive[id(node)] = node
                wanted.extend(_reads(node))
        return [node for node in self._nodes if id(node) in alive]

    def _fresh(self, hint: str) -> str:
        self._count += 1
        name = f"opt_{hint}_{self._count}"
        return (
            name if name not in self._producers and name not in self._weights else self._fresh(hint)
        )

    def _index(self) -> None:
        self._producers = {name: node for node in self._nodes for name in node.output if name}
        self._readers: dict[str, dict[int, onnx.NodeProto]] = {}
        for node in self._nodes:
            for name in _reads(node):
                self._readers.setdefault(name, {})[id(node)] = node


def _frame(model: onnx.ModelProto) -> onnx.ModelProto:
    """An empty model with the same operator sets and functions."""
    frame = onnx.ModelProto(ir_version=model.ir_version)
    frame.opset_import.extend(model.opset_import)
    frame.functions.extend(model.functions)
    frame.graph.name = model.graph.name
    return frame


def _reads(node: onnx.NodeProto) -> Iterable[str]:
    """The tensors that a node reads, including those that its subgraphs may take from outside."""
    yield from (name for name in node.input if name)
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            for inner in graph.node:
                yield from _reads(inner)


def _ordered(nodes: Sequence[onnx.NodeProto], known: set[str]) -> list[onnx.NodeProto]:
    """``nodes`` in topological order (Kahn, 1962)."""
    producers = {name: at for at, node in enumerate(nodes) for name in node.output if name}
    waits = [
        {producers[name] for name in _reads(node) if name in producers and name not in known}
        for node in nodes
    ]
    followers: dict[int, list[int]] = {}
    for at, before in enumerate(waits):
        for maker in before:
            followers.setdefault(maker, []).append(at)
    ready = [at for at, before in enumerate(waits) if not before]
    result = []
    for at in ready:  # grows during iteration
        result.append(nodes[at])
        for follower in followers.get(at, []):
            waits[follower].discard(at)
            if not waits[follower]:
                ready.append(follower)
    return result


def _inferred(
    model: onnx.ModelProto, nodes: Sequence[onnx.NodeProto], weights: Mapping[str, onnx.TensorProto]
) -> dict[str, _Fact]:
    # Inference copies the model and needs only the shapes of large weights, so these become inputs.
    light = _frame(model)
    graph = light.graph
    graph.node.extend(nodes)
    graph.output.extend(model.graph.output)
    graph.input.extend(model.graph.input)
    known = {value.name for value in graph.input}
    for tensor in weights.values():
        if prod(tensor.dims) <= 1024:
            graph.initializer.append(tensor)
        elif tensor.name not in known:
            value = helper.make_tensor_value_info(tensor.name, tensor.data_type, list(tensor.dims))
            graph.input.append(value)
    inferred = onnx.shape_inference.infer_shapes(light, data_prop=True).graph
    facts = {
        name: _Fact(tuple(tensor.dims), helper.tensor_dtype_to_np_dtype(tensor.data_type))
        for name, tensor in weights.items()
    }
    for value in (*inferred.input, *inferred.value_info, *inferred.output):
        found = value.type.tensor_type
        if not found.elem_type:
            continue
        dims = tuple(d.dim_value if d.HasField("dim_value") else None for d in found.shape.dim)
        facts[value.name] = _Fact(
            dims if found.HasField("shape") else None,
            helper.tensor_dtype_to_np_dtype(found.elem_type),
        )
    return facts
