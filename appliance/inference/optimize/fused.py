"""Fuses norm, style, rectifier, residual and border into the custom operators of ``kernels``.

ONNX Runtime has no such operator: each step reads and writes the whole tensor, some of them in NCHW
between two transposes. ``kernels/fused.h`` defines the operators. They compute in NHWC, so they are
placed between explicit transposes, which the runtime cancels against those of its convolutions.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto, helper

from appliance.inference.kernels import DOMAIN, VERSION
from appliance.inference.optimize.graph_editor import Dims, GraphEditor
from appliance.inference.optimize.normalise import is_plain

PIXELS = 1024
"""Pixels of a picture at most, which StyledNorm's kernel keeps in registers."""
NORM_CHANNELS, PAD_UPSAMPLE_CHANNELS = 16, 8
"""The numbers of channels must be multiples of these."""

_TO_NHWC, _TO_NCHW = [0, 2, 3, 1], [0, 3, 1, 2]


@dataclass(frozen=True, slots=True)
class _Style:
    """The gains or shifts of a sample: those from index ``at`` in its row of ``tensor``."""

    tensor: str
    at: int


@dataclass(frozen=True, slots=True)
class _Chain:
    """An instance normalisation and the nodes after it, up to the tensor ``end``."""

    norm: onnx.NodeProto
    gain: _Style
    shift: _Style
    slope: float
    residual: tuple[onnx.NodeProto, int] | None
    """The Add node, and the index of its input that is the residual."""
    end: str


def fuse(model: onnx.ModelProto) -> onnx.ModelProto:
    """``model``, which is in float16, with the custom operators where they apply."""
    editor = GraphEditor(model)
    editor.settle()
    fusion = _Fusion(editor)
    for node in editor.nodes:
        fusion.take(node)
    result = editor.result()
    result.opset_import.append(helper.make_opsetid(DOMAIN, VERSION))
    result.graph.value_info.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT16, dims)
        for name, dims in fusion.sizes.items()
    )
    return result


class _Fusion:
    """One pass over the nodes in topological order."""

    def __init__(self, editor: GraphEditor) -> None:
        self._editor = editor
        self._dims = {name: editor.shape(name) for node in editor.nodes for name in node.output}
        self._chains: dict[str, _Chain] = {}
        self._adds: set[str] = set()
        """Names of the Add nodes that end a chain; each belongs to the first that claims it."""
        for node in editor.nodes:
            if node.op_type != "InstanceNormalization":
                continue
            chain = _chain(editor, node, self._adds)
            if chain is not None:
                self._chains[node.name] = chain
                self._adds |= {chain.residual[0].name} if chain.residual is not None else set()
        self._nhwc: dict[str, str] = {}
        self._inside: dict[str, tuple[str, int]] = {}
        """Tensors that exist only inside a bordered tensor: its name, and the border in px."""
        self.sizes: dict[str, tuple[str | int, ...]] = {}
        """Shapes of the custom operators' results, NHWC, with the batch by name."""

    def take(self, node: onnx.NodeProto) -> None:
        if node.name in self._chains:
            self._norm(self._chains[node.name])
        elif node.op_type == "Pad" and node.input[0] not in self._inside:
            self._pad_upsample(node, 1, _border(self._editor, node))
        elif node.op_type == "Resize" and _doubles(self._editor, node):
            self._pad_upsample(node, 2, 0)

    def _norm(self, chain: _Chain) -> None:
        dims = self._dims[chain.end]
        assert dims is not None  # noqa: S101 - _chain has checked them
        pad, border = self._border_of(chain.end)
        inputs = [self._in_nhwc(chain.norm.input[0]), chain.gain.tensor]
        inset = 0
        if chain.residual is not None:
            add, which = chain.residual
            other = add.input[which]
            found, inset = self._inside.get(other) or (self._in_nhwc(other), 0)
            inputs.append(found)
        epsilon = next((a.f for a in chain.norm.attribute if a.name == "epsilon"), 1e-5)
        (made,) = self._editor.add(
            "StyledNorm",
            inputs,
            domain=DOMAIN,
            epsilon=float(epsilon),
            slope=float(chain.slope),
            gain=chain.gain.at,
            shift=chain.shift.at,
            border=border,
            inset=inset,
        )
        self._place(made, dims, border, chain.end, pad)

    def _pad_upsample(self, node: onnx.NodeProto, scale: int, border: int | None) -> None:
        dims = self._dims[node.output[0]]
        if border is None or dims is None or None in dims[1:] or dims[1] % PAD_UPSAMPLE_CHANNELS:  # type: ignore[operator]
            return
        source, slope = node.input[0], 1.0
        maker = self._editor.producer(source)
        found = _slope(maker)
        if maker is not None and found is not None and self._is_free(source, node):
            source, slope = maker.input[0], found
        (made,) = self._editor.add(
            "PadUpsample",
            [self._in_nhwc(source)],
            domain=DOMAIN,
            slope=slope,
            scale=scale,
            border=border,
        )
        if scale == 1:
            small = (*dims[:2], *(side - 2 * border for side in dims[2:] if side is not None))
            self._place(made, small, border, node.input[0], node)
        else:
            self._place(made, dims, 0, node.output[0], None)

    def _place(
        self, made: str, dims: Dims, border: int, tensor: str, pad: onnx.NodeProto | None
    ) -> None:
        """Replace ``tensor`` by ``made`` or, if it has a border, the result of ``pad``."""
        height, width = (side + 2 * border for side in dims[2:] if side is not None)
        channels = dims[1]
        assert channels is not None  # noqa: S101 - _fits has checked them
        self.sizes[made] = ("batch" if dims[0] is None else dims[0], height, width, channels)
        (back,) = self._editor.add("Transpose", [made], perm=_TO_NCHW)
        self._nhwc[back] = made
        if pad is None:
            self._editor.redirect(tensor, back)
        else:
            self._inside[tensor] = made, border
            self._editor.redirect(pad.output[0], back)

    def _in_nhwc(self, tensor: str) -> str:
        if tensor not in self._nhwc:
            (self._nhwc[tensor],) = self._editor.add("Transpose", [tensor], perm=_TO_NHWC)
        return self._nhwc[tensor]

    def _border_of(self, tensor: str) -> tuple[onnx.NodeProto | None, int]:
        """The only Pad that reads ``tensor``, and its border in px.

        (None, 0) if another reader could not read the inside of the bordered tensor.
        """
        pads = [node for node in self._editor.readers(tensor) if node.op_type == "Pad"]
        if len(pads) != 1 or not self._is_free(tensor, pads[0]):
            return None, 0
        border = _border(self._editor, pads[0])
        return (None, 0) if border is None else (pads[0], border)

    def _is_free(self, tensor: str, reader: onnx.NodeProto) -> bool:
        """Whether ``tensor`` has no other readers than ``reader``, except for residual sums."""
        others = [node for node in self._editor.readers(tensor) if node is not reader]
        residual = reader.op_type == "Pad" and all(node.name in self._adds for node in others)
        return (not others or residual) and not self._editor.is_output(tensor)


def _chain(editor: GraphEditor, norm: onnx.NodeProto, taken: Collection[str]) -> _Chain | None:
    """The chain that begins with ``norm``, if a kernel fits; without an Add in ``taken``."""
    dims = editor.shape(norm.input[0])
    gain = editor.only_reader(norm.output[0], "Mul")
    shift = editor.only_reader(gain.output[0], "Add") if gain is not None else None
    if gain is None or shift is None or not is_plain(editor, norm) or not _fits(dims):
        return None
    channels = dims[1] if dims is not None else None
    assert channels is not None  # noqa: S101 - _fits has checked them
    styles = [
        _style(editor, _other(node, through), channels)
        for node, through in ((gain, norm.output[0]), (shift, gain.output[0]))
    ]
    if styles[0] is None or styles[1] is None or styles[0].tensor != styles[1].tensor:
        return None
    end, slope = shift.output[0], 1.0
    readers = editor.readers(end)
    found = _slope(readers[0]) if len(readers) == 1 and not editor.is_output(end) else None
    if found is not None:
        end, slope = readers[0].output[0], found
    residual = None
    add = editor.only_reader(end, "Add")
    alike = add is not None and all(editor.shape(name) == dims for name in add.input)
    if add is not None and alike and add.name not in taken:
        residual = add, 1 - list(add.input).index(end)
        end = add.output[0]
    return _Chain(norm, styles[0], styles[1], slope, residual, end)


def _fits(dims: Dims | None) -> bool:
    if dims is None or len(dims) != 4:
        return False
    _, channels, height, width = dims
    if channels is None or height is None or width is None:
        return False
    return channels % NORM_CHANNELS == 0 and height * width <= PIXELS


def _other(node: onnx.NodeProto, known: str) -> str:
    return next((name for name in node.input if name != known), known)


def _style(editor: GraphEditor, tensor: str, channels: int) -> _Style | None:
    """The row that ``tensor``, (n, channels, 1, 1), was split from, and where it begins there."""
    if editor.shape(tensor) is None or editor.shape(tensor)[1:] != (channels, 1, 1):  # type: ignore[index]
        return None
    at = 0
    while True:
        maker = editor.producer(tensor)
        dims = editor.shape(tensor)
        if dims is None:
            return None
        if maker is not None and maker.op_type == "Split" and _axis(maker) == 1:
            before = list(maker.output)[: list(maker.output).index(tensor)]
            sizes = [shape[1] for name in before if (shape := editor.shape(name)) is not None]
            if len(sizes) != len(before) or None in sizes:
                return None
            at += sum(size for size in sizes if size is not None)
        elif len(dims) == 2:
            return _Style(tensor, at)
        elif maker is None or maker.op_type not in {"Unsqueeze", "Reshape"}:
            return None
        else:
            inner = editor.shape(maker.input[0])
            if inner is None or inner[:2] != dims[:2]:
                return None
        tensor = maker.input[0]


def _axis(node: onnx.NodeProto) -> int:
    return next((int(a.i) for a in node.attribute if a.name == "axis"), 0)


def _slope(node: onnx.NodeProto | None) -> float | None:
    """The factor of negative values if ``node`` is Relu or LeakyRelu."""
    if node is None or node.op_type not in {"Relu", "LeakyRelu"}:
        return None
    if node.op_type == "Relu":
        return 0.0
    return next((float(a.f) for a in node.attribute if a.name == "alpha"), 0.01)


def _border(editor: GraphEditor, node: onnx.NodeProto) -> int | None:
    """The px of a reflected border that is the same on all four sides, if ``node`` makes one."""
    pads = editor.constant(node.input[1]) if len(node.input) > 1 else None
    mode = next((a.s for a in node.attribute if a.name == "mode"), b"constant")
    if pads is None or pads.size != 8 or mode != b"reflect" or len(node.input) > 3:
        return None
    sides = set(pads[[2, 3, 6, 7]].tolist())
    return int(sides.pop()) if len(sides) == 1 and not pads[[0, 1, 4, 5]].any() else None


def _doubles(editor: GraphEditor, node: onnx.NodeProto) -> bool:
    """Whether ``node`` doubles height and width, bilinearly with half-pixel centres."""
    settings = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    scales = editor.constant(node.input[2]) if len(node.input) > 2 and node.input[2] else None
    return (
        scales is not None
        and np.array_equal(scales.astype(np.float32), np.array([1, 1, 2, 2], np.float32))
        and settings.get("mode", b"nearest") == b"linear"
        and settings.get("coordinate_transformation_mode", b"half_pixel") == b"half_pixel"
        and not settings.get("antialias", 0)
    )


def custom_operators(model: onnx.ModelProto) -> Sequence[str]:
    """The names of the custom operators in ``model``, one for each node."""
    return [node.op_type for node in model.graph.node if node.domain == DOMAIN]
