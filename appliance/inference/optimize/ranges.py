"""Between which numbers the tensors of a network lie, read off the operator's own pictures."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper

from appliance.inference.optimize.graph_editor import GraphEditor
from appliance.inference.session import Numbers, plain_session

Feed = Mapping[str, Numbers]
"""The inputs of one run by name, batch of one."""

Range = tuple[np.float32, np.float32]
"""Least and largest."""


@dataclass(frozen=True, slots=True)
class Ranges:
    """Of the tensors ``names``, on each picture: ``least`` and ``largest``, (pictures, tensors)."""

    names: tuple[str, ...]
    least: NDArray[np.float32]
    largest: NDArray[np.float32]

    def widest(self) -> dict[str, Range]:
        """What every picture stays within: nothing is clipped, and steps are as large as that."""
        return self._of(self.least.min(0), self.largest.max(0))

    def usual(self) -> dict[str, Range]:
        """The mean picture's: smaller steps, but what only some pictures reach is clipped."""
        return self._of(self.least.mean(0), self.largest.mean(0))

    def _of(self, least: NDArray[np.float32], largest: NDArray[np.float32]) -> dict[str, Range]:
        return dict(zip(self.names, zip(least, largest, strict=True), strict=True))


def observe(model: onnx.ModelProto, feeds: Sequence[Feed], operators: Collection[str]) -> Ranges:
    """The ranges of what goes into and comes out of the ``operators`` of ``model``.

    The graph itself looks for them, as it runs: to keep every tensor of every picture would take
    gigabytes.
    """
    editor = GraphEditor(model)
    names = _observed(editor, operators)
    if not names:
        return Ranges(
            (), np.empty((len(feeds), 0), np.float32), np.empty((len(feeds), 0), np.float32)
        )
    watched = editor.result()
    for name in names:
        for kind, to in (("ReduceMin", _least(name)), ("ReduceMax", _largest(name))):
            watched.graph.node.append(helper.make_node(kind, [name], [to], keepdims=0))
            watched.graph.output.append(
                helper.make_tensor_value_info(to, onnx.TensorProto.FLOAT, [])
            )
    session = plain_session(watched.SerializeToString())
    wanted = [*map(_least, names), *map(_largest, names)]
    found = np.array([session.run(wanted, dict(feed)) for feed in feeds], np.float32)
    least, largest = np.split(found, 2, axis=1)
    return Ranges(names, least, largest)


def _observed(editor: GraphEditor, operators: Collection[str]) -> tuple[str, ...]:
    """Each once, in the order of the graph."""
    touched = {
        name: None
        for node in editor.nodes
        if node.op_type in operators
        for name in (*node.input, *node.output)
        if name and editor.constant(name) is None and editor.dtype(name) == np.float32
    }
    return tuple(touched)


def _least(name: str) -> str:
    return f"{name}_least"


def _largest(name: str) -> str:
    return f"{name}_largest"
