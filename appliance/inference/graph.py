"""Checks on an ONNX file before ONNX Runtime is given it.

The runtime would open files that a graph refers to, load operators by name, and allocate whatever
size a graph declares. A graph is therefore accepted only if it is self-contained, has standard
operators only and tensors of a plausible size, and has the inputs and outputs of its family's
contract.

What is checked must be what the runtime understands. So a file holds nothing that this version of
the format does not name, functions are replaced by their bodies (``functions.py``), and the runtime
is given the bytes of :class:`AcceptedGraph`, as ONNX and as nothing else (``session.py``); only
``rectifiers.py`` may replace operators in them by others, which compute the same.

These checks do not bound what standard operators compute: a small graph may still ask for a huge
tensor while it runs. The memory limit of the process bounds that. Only the rounds of loops are
counted, and constant shapes looked at (``bounds.py``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import prod

import numpy as np
import onnx
import onnx.numpy_helper
from google.protobuf.message import DecodeError, Message
from google.protobuf.unknown_fields import UnknownFieldSet
from numpy.typing import NDArray

from appliance.inference import kernels
from appliance.inference.bounds import Constants, graphs_of
from appliance.inference.contract import Contract, ImageInput, Input, Shape, refusal
from appliance.inference.functions import check_names, inlined

# The runtime's own further domains (com.microsoft, …) count as custom: no family here needs them,
# and they are the least reviewed part of the runtime.
STANDARD_DOMAINS = frozenset({"", "ai.onnx.ml"})
# With all calls expanded and each round of a loop counted; the largest network here has 1 444.
NODE_LIMIT = 100_000
BYTE_LIMIT = 2**31 - 1  # with all calls expanded: one protobuf message ends below 2 GiB
FUNCTION_LIMIT = 256  # functions, and the depth of their calls
ELEMENT_LIMIT = 2**29  # elements of one tensor: 2 GiB of float32
DIMENSION_LIMIT = 2**16  # elements along one axis; the longest axes here are pixels of an edge

_Functions = dict[tuple[str, str, str], onnx.FunctionProto]

_TYPES = {"float32": onnx.TensorProto.FLOAT, "float64": onnx.TensorProto.DOUBLE}


@dataclass(frozen=True, slots=True)
class Tensors:
    """The inputs and outputs of one file of a family.

    ``inputs``: those of the contract's inputs that the file has. ``outputs``: its own names for
    the contract's outputs, in the contract's order. ``batched``: whether it takes any number of
    samples. ``opset``: the version of the standard operators. ``matrix``: float32, of the shape
    that the contract names; ``None`` if it names none.
    """

    inputs: tuple[Input, ...]
    outputs: tuple[str, ...]
    batched: bool
    opset: int
    matrix: NDArray[np.float32] | None


@dataclass(frozen=True, slots=True)
class AcceptedGraph:
    """A file that passed all checks. ``data``: what the runtime may be given, and nothing else.

    That is the file itself, or, if it defines functions, the file with those expanded.
    """

    tensors: Tensors
    data: bytes


def check_graph(data: bytes, contract: Contract, file: str, *, fused: bool = False) -> Tensors:
    """The tensors of ``data``, for a caller that does not run it: see :func:`accept_graph`.

    Raises ``ModelError`` as that does.
    """
    return accept_graph(data, contract, file, fused=fused).tensors


def accept_graph(
    data: bytes, contract: Contract, file: str, *, fused: bool = False
) -> AcceptedGraph:
    """``data`` as the runtime may be given it, once it is accepted as a model of the family.

    ``file`` stands for it in messages. Where the graph leaves a size open the contract may fix it,
    since the network is then always given that size; a size that the graph fixes may not differ
    from the contract's. ``fused``: allow the custom operators of ``kernels``, for a variant whose
    signed manifest says that it was made with them.

    Raises ``ModelError`` if the file is not ONNX, holds text that is not UTF-8, refers to data in
    other files, has a custom operator, an unknown operator set, unknown fields or a tensor of
    implausible size, has functions that recur, expand beyond ``NODE_LIMIT`` or pose as operators,
    has a loop without a fixed number of rounds, or has other inputs and outputs than the contract.
    """
    try:
        model = onnx.ModelProto.FromString(data)
    except DecodeError as error:
        raise refusal(file, "it is not an ONNX file") from error
    if not model.HasField("graph") or not model.graph.node:
        raise refusal(file, "it is not an ONNX file, or holds no graph")
    if model.training_info:
        raise refusal(file, "it carries training graphs")
    _check_tensors(model, file)
    opset = _check_operators(model, file, fused=fused)
    if model.functions:
        model = inlined(model, file)
        _check_tensors(model, file)
        opset = _check_operators(model, file, fused=fused)
        data = model.SerializeToString()
    inputs, batched = _check_inputs(model.graph, contract, file)
    outputs = _check_outputs(model.graph, contract, file)
    matrix = _matrix(model.graph, contract, file)
    return AcceptedGraph(Tensors(inputs, outputs, batched, opset, matrix), data)


def _check_tensors(model: onnx.ModelProto, file: str) -> None:
    """Check ``model`` and every message in it: those of subgraphs, functions, … as well."""
    waiting: list[Message] = [model]
    while waiting:
        message = waiting.pop()
        # The runtime is built with another version of the format, and may know such a field.
        if len(UnknownFieldSet(message)):
            raise refusal(file, "it has a field that this version of ONNX does not know")
        if isinstance(message, onnx.TensorProto):
            if message.data_location == onnx.TensorProto.EXTERNAL or message.external_data:
                raise refusal(file, f"tensor {message.name!r} refers to data in another file")
            _check_size(message.name, message.dims, file)
        elif isinstance(message, onnx.SparseTensorProto):
            # A few stored values may describe a dense tensor of any size.
            _check_size(message.values.name, message.dims, file)
        for descriptor, value in message.ListFields():
            if descriptor.message_type is not None:
                waiting += value if descriptor.is_repeated else (value,)
            elif descriptor.type == descriptor.TYPE_STRING:
                # The parser returns text that is not UTF-8 as bytes, which no code here expects.
                values = value if descriptor.is_repeated else (value,)
                if bytes in map(type, values):
                    raise refusal(file, f"a text in the field {descriptor.name!r} is not UTF-8")


def _check_size(name: str, dims: Iterable[int], file: str) -> None:
    dims = tuple(dims)
    if any(size < 0 for size in dims) or prod(dims) > ELEMENT_LIMIT:
        raise refusal(file, f"tensor {name!r} has the implausible shape {dims}")


@dataclass(slots=True)
class _Scope:
    """Nodes with one set of operator-set versions: those of the main graph or of one function.

    ``size``: bytes. ``calls``: of functions, each with how often it is made. ``count``: of nodes,
    with each round of a loop.
    """

    file: str
    functions: _Functions
    versions: dict[str, int]
    constants: Constants
    size: int
    fused: bool = False
    calls: list[tuple[tuple[str, str, str], int]] = field(default_factory=list)
    count: int = 0

    def visit(self, nodes: Iterable[onnx.NodeProto], times: int = 1) -> None:
        for node in nodes:
            self.count += times
            domain = _domain(node.domain)
            function = (domain, node.op_type, node.overload)
            if function in self.functions:
                self.calls.append((function, times))
            elif self.fused and domain == kernels.DOMAIN and node.op_type in kernels.OPERATORS:
                continue  # they have no graphs
            elif domain not in STANDARD_DOMAINS:
                raise refusal(
                    self.file, f"operator {node.op_type!r} is of the custom domain {domain!r}"
                )
            else:
                self._check_operator(node.op_type, domain)
            inside = times * (self._rounds(node) if domain == "" else 1)
            for graph in graphs_of(node):
                self.visit(graph.node, inside)

    def _rounds(self, node: onnx.NodeProto) -> int:
        """How often the graphs in a standard operator run."""
        if self.constants.elements(node) > ELEMENT_LIMIT:
            raise refusal(self.file, f"a {node.op_type!r} makes a tensor of implausible size")
        rounds = self.constants.rounds(node) if node.op_type == "Loop" else 1
        if rounds is None:
            raise refusal(
                self.file, "it has a loop whose number of rounds is not fixed in the file"
            )
        return rounds

    def _check_operator(self, name: str, domain: str) -> None:
        version = self.versions.get(domain)
        if version is None:
            raise refusal(self.file, f"it names no operator set for {name!r}")
        try:
            onnx.defs.get_schema(name, version, domain)
        except onnx.defs.SchemaError as error:
            raise refusal(
                self.file, f"operator {name!r} does not exist in operator set {version}"
            ) from error


def _domain(name: str) -> str:
    return "" if name == "ai.onnx" else name


def _versions(imports: Iterable[onnx.OperatorSetIdProto], file: str) -> dict[str, int]:
    versions: dict[str, int] = {}
    for opset in imports:
        domain = _domain(opset.domain)
        if domain in versions:
            raise refusal(file, f"it names the operator set {domain or 'ai.onnx'!r} twice")
        known = onnx.helper.OP_SET_ID_VERSION_MAP
        if domain in STANDARD_DOMAINS and (domain or "ai.onnx", opset.version) not in known:
            raise refusal(file, f"operator set {domain or 'ai.onnx'} {opset.version} is unknown")
        versions[domain] = opset.version
    return versions


def _check_operators(model: onnx.ModelProto, file: str, *, fused: bool) -> int:
    """The version of the standard operators. Raises ``ModelError`` for an operator not allowed."""
    if len(model.functions) > FUNCTION_LIMIT:
        raise refusal(file, f"it defines {len(model.functions)} functions")
    check_names(model, file)
    functions: _Functions = {(f.domain, f.name, f.overload): f for f in model.functions}
    constants = Constants(model)
    main = _Scope(file, functions, _versions(model.opset_import, file), constants, 0, fused)
    main.visit(model.graph.node)
    scopes = {}
    for key, function in functions.items():
        versions = _versions(function.opset_import, file)
        scopes[key] = _Scope(file, functions, versions, constants, function.ByteSize())
        scopes[key].visit(function.node)
    sizes: dict[tuple[str, str, str], tuple[int, int]] = {}

    def size(scope: _Scope, above: frozenset[tuple[str, str, str]]) -> tuple[int, int]:
        """Nodes and bytes of ``scope``, expanded; ``above`` are the functions that call it."""
        nodes, volume = scope.count, scope.size
        for key, times in scope.calls:
            if key in above:
                raise refusal(file, f"function {key[1]!r} calls itself")
            if key not in sizes:
                sizes[key] = size(scopes[key], above | {key})
            nodes += times * sizes[key][0]
            volume += sizes[key][1]
        if nodes > NODE_LIMIT:
            raise refusal(file, f"it expands to more than {NODE_LIMIT} operators")
        if volume > BYTE_LIMIT:
            raise refusal(file, f"it expands to more than {BYTE_LIMIT} bytes")
        return nodes, volume

    size(main, frozenset())
    return main.versions.get("", 0)


def _check_inputs(
    graph: onnx.GraphProto, contract: Contract, file: str
) -> tuple[tuple[Input, ...], bool]:
    # Until IR version 4 weights were listed among the inputs as well.
    weights = {tensor.name for tensor in graph.initializer}
    found = {value.name: value for value in graph.input if value.name not in weights}
    there = tuple(
        tensor_in
        for tensor_in in contract.inputs
        if tensor_in.name in found or not _optional(tensor_in)
    )
    if found.keys() != {tensor_in.name for tensor_in in there}:
        wanted = sorted(tensor_in.name for tensor_in in contract.inputs)
        raise refusal(
            file, f"its inputs are {sorted(found)}, those of {contract.family} are {wanted}"
        )
    for tensor_in in there:
        dtype = "float32" if isinstance(tensor_in, ImageInput) else tensor_in.dtype
        _compare(
            f"input {tensor_in.name!r}",
            found[tensor_in.name],
            tensor_in.shape,
            dtype,
            family=contract.family,
            file=file,
        )
    # Inputs given once for a whole batch, such as a strength, have one axis and no batch.
    per_sample = [found[tensor_in.name] for tensor_in in there if len(tensor_in.shape) > 1]
    free = all(_dims(value)[:1] == (None,) for value in per_sample)
    return there, free and all(output.shape[0] == 1 for output in contract.outputs)


def _optional(tensor_in: Input) -> bool:
    return not isinstance(tensor_in, ImageInput) and tensor_in.optional


def _check_outputs(graph: onnx.GraphProto, contract: Contract, file: str) -> tuple[str, ...]:
    outputs = contract.outputs
    names = [value.name for value in graph.output]
    if all(output.name is not None for output in outputs):
        wanted = sorted(str(output.name) for output in outputs)
        if sorted(names) != wanted:
            raise refusal(
                file, f"its outputs are {sorted(names)}, those of {contract.family} are {wanted}"
            )
        names = [str(output.name) for output in outputs]
    elif len(names) < len(outputs):
        raise refusal(
            file, f"it has {len(names)} outputs, {contract.family} has at least {len(outputs)}"
        )
    found = {value.name: value for value in graph.output}
    given = tuple(names[: len(outputs)])
    for name, output in zip(given, outputs, strict=True):
        _compare(
            f"output {name!r}",
            found[name],
            output.shape,
            "float32",
            family=contract.family,
            file=file,
        )
    return given


def _compare(
    what: str, value: onnx.ValueInfoProto, shape: Shape, dtype: str, *, family: str, file: str
) -> None:
    if value.type.tensor_type.elem_type != _TYPES[dtype]:
        raise refusal(file, f"{what} is not {dtype}, as {family} has it")
    if not value.type.tensor_type.HasField("shape"):
        return  # some exporters declare no shape; Network.run checks those of the results
    dims = _dims(value)
    if any(size is not None and not 0 < size <= DIMENSION_LIMIT for size in dims):
        raise refusal(file, f"{what} has the implausible shape {dims}")
    fits = len(dims) == len(shape) and all(
        have in (want, None) for have, want in zip(dims, shape, strict=True)
    )
    if not fits:
        raise refusal(file, f"{what} has the shape {dims}, that of {family} is {shape}")


def _dims(value: onnx.ValueInfoProto) -> Shape:
    dims = value.type.tensor_type.shape.dim
    return tuple(dim.dim_value if dim.HasField("dim_value") else None for dim in dims)


def _matrix(graph: onnx.GraphProto, contract: Contract, file: str) -> NDArray[np.float32] | None:
    if contract.matrix is None:
        return None
    if not graph.initializer or tuple(graph.initializer[-1].dims) != contract.matrix:
        raise refusal(
            file, f"its last weights are not the {contract.matrix} matrix of {contract.family}"
        )
    try:
        matrix = onnx.numpy_helper.to_array(graph.initializer[-1])
    except (ValueError, TypeError) as error:
        raise refusal(file, "its matrix cannot be read") from error
    return np.asarray(matrix, np.float32)
