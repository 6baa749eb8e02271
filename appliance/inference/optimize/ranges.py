"""The value ranges of a network's tensors, observed on the operator's pictures."""

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
"""The inputs of one run by name, each a batch of one."""

Range = tuple[np.float32, np.float32]
"""The least and the largest value."""


@dataclass(frozen=True, slots=True)
class Ranges:
    """``least`` and ``largest`` value of the tensors ``names``, both (pictures, tensors)."""

    names: tuple[str, ...]
    least: NDArray[np.float32]
    largest: NDArray[np.float32]

    def widest(self) -> dict[str, Range]:
        """The range over all pictures: nothing is clipped, but quantisation steps are large."""
        return self._of(self.least.min(0), self.largest.max(0))

    def usual(self) -> dict[str, Range]:
        """The mean range of the pictures: smaller steps, but outliers of some are clipped."""
        return self._of(self.least.mean(0), self.largest.mean(0))

    def _of(self, least: NDArray[np.float32], largest: NDArray[np.float32]) -> dict[str, Range]:
        return dict(zip(self.names, zip(least, largest, strict=True), strict=True))


def observe(model: onnx.ModelProto, feeds: Sequence[Feed], operators: Collection[str]) -> Ranges:
    """The ranges of all inputs and outputs of the ``operators`` of ``model`` on ``feeds``.

    Nodes added to the graph compute them while it runs: keeping every tensor of every picture
    would take gigabytes.
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
    """The float32 tensors that ``operators`` read or write, each once, in the graph's order."""
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
