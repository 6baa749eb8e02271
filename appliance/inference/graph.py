"""A look at an ONNX file before the runtime may have it.

The runtime would open files that a graph points to, load operators by name, and build whatever
size a graph declares. So a graph has to be self-contained, made of standard operators only, of a
sane size, and of exactly the tensors that its family's contract says.

What this cannot bound is what standard operators compute: a small graph may still ask for a huge
tensor while it runs. That is left to the memory limit of the process.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import prod

import numpy as np
import onnx
import onnx.numpy_helper
from google.protobuf.message import DecodeError, Message
from numpy.typing import NDArray

from appliance.errors import ModelError
from appliance.inference import kernels
from appliance.inference.contract import Contract, ImageInput, Input, Shape

# Operators the runtime brings itself under other names (com.microsoft, …) count as custom: no
# family here needs one, and they are the part of it that is reviewed least.
STANDARD_DOMAINS = frozenset({"", "ai.onnx.ml"})
NODE_LIMIT = 100_000  # with every call of a function unfolded; the largest here has 1 444
FUNCTION_LIMIT = 256  # also how deep they may call each other
ELEMENT_LIMIT = 2**29  # of one tensor: 2 GiB of float32
DIMENSION_LIMIT = 2**16  # pixels along an edge, and more than any other axis here

_Functions = dict[tuple[str, str, str], onnx.FunctionProto]

_TYPES = {"float32": onnx.TensorProto.FLOAT, "float64": onnx.TensorProto.DOUBLE}


@dataclass(frozen=True, slots=True)
class Tensors:
    """What a file has of its contract.

    ``inputs``: those of the contract's that it has. ``outputs``: its own names for the contract's,
    in the contract's order. ``batched``: whether it takes several at once. ``opset``: of the
    standard operators. ``matrix``: the one the contract asks for.
    """

    inputs: tuple[Input, ...]
    outputs: tuple[str, ...]
    batched: bool
    opset: int
    matrix: NDArray[np.float32] | None


def check_graph(data: bytes, contract: Contract, file: str, *, fused: bool = False) -> Tensors:
    """Accept ``data`` as a model of the contract's family, or raise.

    ``file`` is how messages call it. A size that the graph leaves open may be fixed by the
    contract, for then it is always given that one; not the other way round. ``fused``: the pack's
    signer says that it was made here with the operators of ``kernels``, which are allowed then.

    Raises:
        ModelError: not ONNX, text that is not UTF-8, data outside the file, a custom operator,
            an unknown operator set, a tensor of absurd size, functions that call themselves or
            unfold without end, or inputs and outputs that are not the contract's.
    """
    try:
        model = onnx.ModelProto.FromString(data)
    except DecodeError as error:
        raise _refusal(file, "it is not an ONNX file") from error
    if not model.HasField("graph") or not model.graph.node:
        raise _refusal(file, "it is not an ONNX file, or holds no graph")
    if model.training_info:
        raise _refusal(file, "it carries training graphs")
    _check_tensors(model, file)
    opset = _check_operators(model, file, fused=fused)
    inputs, batched = _check_inputs(model.graph, contract, file)
    outputs = _check_outputs(model.graph, contract, file)
    return Tensors(inputs, outputs, batched, opset, _matrix(model.graph, contract, file))


def _refusal(file: str, why: str) -> ModelError:
    return ModelError(
        f"{file} is refused: {why}.",
        "Use a file of the family that the manifest names, exported as one self-contained file.",
    )


def _messages(message: Message, file: str) -> Iterator[Message]:
    """``message`` and all messages inside, whatever field they hide in (subgraphs, functions…)."""
    yield message
    for descriptor, value in message.ListFields():
        values = value if descriptor.is_repeated else (value,)
        if descriptor.message_type is not None:
            for child in values:
                yield from _messages(child, file)
        # The parser hands over text that is not UTF-8 as bytes, which nothing here expects.
        elif descriptor.type == descriptor.TYPE_STRING and bytes in map(type, values):
            raise _refusal(file, f"a text in the field {descriptor.name!r} is not UTF-8")


def _check_tensors(model: onnx.ModelProto, file: str) -> None:
    for message in _messages(model, file):
        if isinstance(message, onnx.TensorProto):
            if message.data_location == onnx.TensorProto.EXTERNAL or message.external_data:
                raise _refusal(file, f"tensor {message.name!r} refers to data in another file")
            _check_size(message.name, message.dims, file)
        elif isinstance(message, onnx.SparseTensorProto):
            # A few stored values may stand for a tensor of any size.
            _check_size(message.values.name, message.dims, file)


def _check_size(name: str, dims: Iterable[int], file: str) -> None:
    dims = tuple(dims)
    if any(size < 0 for size in dims) or prod(dims) > ELEMENT_LIMIT:
        raise _refusal(file, f"tensor {name!r} has the absurd shape {dims}")


@dataclass(slots=True)
class _Scope:
    """Nodes that share one set of operator-set versions: the main graph, or one function."""

    file: str
    functions: _Functions
    versions: dict[str, int]
    fused: bool = False
    calls: list[tuple[str, str, str]] = field(default_factory=list)
    count: int = 0

    def visit(self, nodes: Iterable[onnx.NodeProto]) -> None:
        for node in nodes:
            self.count += 1
            domain = _domain(node.domain)
            function = (domain, node.op_type, node.overload)
            if function in self.functions:
                self.calls.append(function)
            elif self.fused and domain == kernels.DOMAIN and node.op_type in kernels.OPERATORS:
                continue
            elif domain not in STANDARD_DOMAINS:
                raise _refusal(
                    self.file, f"operator {node.op_type!r} is of the custom domain {domain!r}"
                )
            else:
                self._check_operator(node.op_type, domain)
            for attribute in node.attribute:
                for graph in (attribute.g, *attribute.graphs):
                    self.visit(graph.node)

    def _check_operator(self, name: str, domain: str) -> None:
        version = self.versions.get(domain)
        if version is None:
            raise _refusal(self.file, f"it names no operator set for {name!r}")
        try:
            onnx.defs.get_schema(name, version, domain)
        except onnx.defs.SchemaError as error:
            raise _refusal(
                self.file, f"operator {name!r} does not exist in operator set {version}"
            ) from error


def _domain(name: str) -> str:
    return "" if name == "ai.onnx" else name


def _versions(imports: Iterable[onnx.OperatorSetIdProto], file: str) -> dict[str, int]:
    versions: dict[str, int] = {}
    for opset in imports:
        domain = _domain(opset.domain)
        if domain in versions:
            raise _refusal(file, f"it names the operator set {domain or 'ai.onnx'!r} twice")
        known = onnx.helper.OP_SET_ID_VERSION_MAP
        if domain in STANDARD_DOMAINS and (domain or "ai.onnx", opset.version) not in known:
            raise _refusal(file, f"operator set {domain or 'ai.onnx'} {opset.version} is unknown")
        versions[domain] = opset.version
    return versions


def _check_operators(model: onnx.ModelProto, file: str, *, fused: bool) -> int:
    """The version of the standard operators."""
    functions: _Functions = {(_domain(f.domain), f.name, f.overload): f for f in model.functions}
    if len(functions) > FUNCTION_LIMIT:
        raise _refusal(file, f"it defines {len(functions)} functions")
    if any(domain in STANDARD_DOMAINS for domain, _, _ in functions):
        raise _refusal(file, "it defines a function under a standard operator's domain")
    main = _Scope(file, functions, _versions(model.opset_import, file), fused)
    main.visit(model.graph.node)
    scopes = {}
    for key, function in functions.items():
        scopes[key] = _Scope(file, functions, _versions(function.opset_import, file))
        scopes[key].visit(function.node)
    sizes: dict[tuple[str, str, str], int] = {}

    def size(scope: _Scope, above: frozenset[tuple[str, str, str]]) -> int:
        """Nodes of the scope with its calls unfolded, each function being counted once only."""
        total = scope.count
        for key in scope.calls:
            if key in above:
                raise _refusal(file, f"function {key[1]!r} calls itself")
            if key not in sizes:
                sizes[key] = size(scopes[key], above | {key})
            total += sizes[key]
        if total > NODE_LIMIT:
            raise _refusal(file, f"it unfolds to more than {NODE_LIMIT} operators")
        return total

    size(main, frozenset())
    return main.versions.get("", 0)


def _check_inputs(
    graph: onnx.GraphProto, contract: Contract, file: str
) -> tuple[tuple[Input, ...], bool]:
    # Until IR version 4 weights were listed among the inputs as well.
    weights = {tensor.name for tensor in graph.initializer}
    found = {value.name: value for value in graph.input if value.name not in weights}
    there = tuple(put for put in contract.inputs if put.name in found or not _optional(put))
    if found.keys() != {put.name for put in there}:
        wanted = sorted(put.name for put in contract.inputs)
        raise _refusal(
            file, f"its inputs are {sorted(found)}, those of {contract.family} are {wanted}"
        )
    for put in there:
        dtype = "float32" if isinstance(put, ImageInput) else put.dtype
        _compare(
            f"input {put.name!r}",
            found[put.name],
            put.shape,
            dtype,
            family=contract.family,
            file=file,
        )
    # Numbers that are given once for a whole batch, such as a weight, keep their one.
    per_sample = [found[put.name] for put in there if len(put.shape) > 1]
    free = all(_dims(value)[:1] == (None,) for value in per_sample)
    return there, free and all(output.shape[0] == 1 for output in contract.outputs)


def _optional(put: Input) -> bool:
    return not isinstance(put, ImageInput) and put.optional


def _check_outputs(graph: onnx.GraphProto, contract: Contract, file: str) -> tuple[str, ...]:
    outputs = contract.outputs
    names = [value.name for value in graph.output]
    if all(output.name is not None for output in outputs):
        wanted = sorted(str(output.name) for output in outputs)
        if sorted(names) != wanted:
            raise _refusal(
                file, f"its outputs are {sorted(names)}, those of {contract.family} are {wanted}"
            )
        names = [str(output.name) for output in outputs]
    elif len(names) < len(outputs):
        raise _refusal(
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
        raise _refusal(file, f"{what} is not {dtype}, as {family} has it")
    if not value.type.tensor_type.HasField("shape"):
        return  # some exporters say nothing of it; results are compared as they come
    dims = _dims(value)
    if any(size is not None and not 0 < size <= DIMENSION_LIMIT for size in dims):
        raise _refusal(file, f"{what} has the absurd shape {dims}")
    fits = len(dims) == len(shape) and all(
        have in (want, None) for have, want in zip(dims, shape, strict=True)
    )
    if not fits:
        raise _refusal(file, f"{what} has the shape {dims}, that of {family} is {shape}")


def _dims(value: onnx.ValueInfoProto) -> Shape:
    dims = value.type.tensor_type.shape.dim
    return tuple(dim.dim_value if dim.HasField("dim_value") else None for dim in dims)


def _matrix(graph: onnx.GraphProto, contract: Contract, file: str) -> NDArray[np.float32] | None:
    if contract.matrix is None:
        return None
    if not graph.initializer or tuple(graph.initializer[-1].dims) != contract.matrix:
        raise _refusal(
            file, f"its last weights are not the {contract.matrix} matrix of {contract.family}"
        )
    try:
        matrix = onnx.numpy_helper.to_array(graph.initializer[-1])
    except (ValueError, TypeError) as error:
        raise _refusal(file, "its matrix cannot be read") from error
    return np.asarray(matrix, np.float32)
