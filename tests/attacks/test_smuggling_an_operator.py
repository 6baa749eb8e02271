"""An attacker signs a model whose file says one thing to our check and another to the runtime.

The runtime's own operators outside the standard (com.microsoft, …) open files, load engines and are
its least reviewed part. Each test shows first that the runtime, left alone, takes the file.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from appliance.errors import ModelError
from appliance.inference import kernels
from appliance.inference.families import CONTRACTS
from appliance.inference.functions import reserved
from appliance.inference.graph import ELEMENT_LIMIT, NODE_LIMIT, accept_graph
from appliance.inference.ort import ort
from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from appliance.inference.session import FAILURES, make_session
from appliance.inference.trust import INSPECTION
from tests.inference import graphs

CONTRACT = CONTRACTS[graphs.FAMILY]
PICTURE = np.full((1, 3, 112, 112), -1, np.float32)
STANDARD = {"", "ai.onnx.ml"}
SCHEMAS = sorted(
    {
        (one.domain, one.name)
        for one in ort.capi.onnxruntime_pybind11_state.get_all_operator_schema()
    }
)
CONTRIBUTED = [(domain, name) for domain, name in SCHEMAS if domain not in STANDARD]


def accepted(model: onnx.ModelProto, *, fused: bool = False) -> bytes:
    return accept_graph(model.SerializeToString(), CONTRACT, graphs.FILE, fused=fused).data


def refuse(model: onnx.ModelProto, match: str, *, fused: bool = False) -> None:
    with pytest.raises(ModelError, match=match):
        accepted(model, fused=fused)


def left_alone(data: bytes) -> np.ndarray:
    """What the runtime makes of the bytes if nobody checks them."""
    return computed(ort.InferenceSession(data, providers=["CPUExecutionProvider"]))


def computed(session: object) -> np.ndarray:
    (result,) = session.run(["fc1"], {"data": PICTURE})  # type: ignore[attr-defined]
    return np.asarray(result)


def ending_in(
    domain: str, name: str, body: list[onnx.NodeProto] | None = None, overload: str = ""
) -> onnx.ModelProto:
    """The sound graph, its result passed through the function ``domain.name``."""
    model = graphs.sound()
    model.graph.node[-1].output[0] = "plain"
    call = helper.make_node(name, ["plain"], ["fc1"], domain=domain)
    function = graphs.function(name, body or [helper.make_node("Identity", ["x"], ["y"])])
    function.domain, function.overload, call.overload = domain, overload, overload
    if domain not in {one.domain for one in model.opset_import}:
        model.opset_import.add(domain=domain, version=1)
    model.graph.node.append(call)
    model.functions.append(function)
    model.ir_version = 10
    return model


def test_the_runtime_prefers_its_own_operator_to_the_files_function() -> None:
    """The attacker's means: the file says Identity, the runtime computes its own QuickGelu."""
    posing = ending_in("com.microsoft", "QuickGelu")
    plain = computed(make_session(graphs.sound().SerializeToString(), 1, {"cpu": {}}))
    assert not np.allclose(left_alone(posing.SerializeToString()), plain)
    refuse(posing, "'QuickGelu' in the domain 'com.microsoft', which is an operator's")
    # The same function under a name of its own is itself.
    own = accepted(ending_in("local", "QuickGelu"))
    assert np.allclose(computed(make_session(own, 1, {"cpu": {}})), plain)


@given(st.sampled_from(CONTRIBUTED), st.sampled_from(["", "other"]))
def test_no_function_has_the_name_of_an_operator_of_the_runtime(
    operator: tuple[str, str], overload: str
) -> None:
    refuse(ending_in(*operator, overload=overload), "which is an operator's")


def test_every_domain_that_the_runtime_registers_is_reserved() -> None:
    domains = {domain for domain, _ in SCHEMAS}
    assert {"", "com.microsoft", "com.ms.internal.nhwc"} <= domains
    assert {domain for domain in domains if not reserved(domain)} == set()
    assert not reserved("local")


@pytest.mark.parametrize(
    "domain",
    [
        *("ai.onnx", "AI.ONNX", "ai.onnx ", " ai.onnx", "ai.onnx.training", "ai.onnx.preview"),
        *("com.microsoft ", "Com.Microsoft", "com.microsoft.nchwc", "com.microsoft.experimental"),
        *("com.ms.internal.nhwc", "org.pytorch.aten", "org.openvinotoolkit", "", " ", "\0"),
        *("com.microsoft\t", "com.microsoft\0", "com.\u00a0microsoft", kernels.DOMAIN),
    ],
)
def test_no_spelling_of_a_domain_is_another_domain(domain: str) -> None:
    refuse(ending_in(domain, "QuickGelu"), "which is an operator's", fused=True)


def nested(inner: onnx.NodeProto) -> onnx.ModelProto:
    """local.outer calls local.inner, which holds ``inner``."""
    call = helper.make_node("inner", ["x"], ["y"], domain="local")
    model = ending_in("local", "outer", [call])
    model.functions.append(graphs.function("inner", [inner]))
    return model


def in_a_branch(inner: onnx.NodeProto) -> onnx.ModelProto:
    """local.outer holds an If whose branches hold ``inner``."""
    inner.output[0] = "z"
    out = helper.make_tensor_value_info("z", TensorProto.FLOAT, None)
    branch = helper.make_graph([inner], "branch", [], [out])
    truth = helper.make_tensor("t", TensorProto.BOOL, [], [True])
    yes = helper.make_node("Constant", [], ["yes"], value=truth)
    choice = helper.make_node("If", ["yes"], ["y"], then_branch=branch, else_branch=branch)
    return ending_in("local", "outer", [yes, choice])


def in_a_default(inner: onnx.NodeProto) -> onnx.ModelProto:
    """The branches of an If in local.outer are the default of an attribute of the function."""
    model = in_a_branch(inner)
    choice = model.functions[0].node[1]
    default = onnx.AttributeProto()
    default.CopyFrom(choice.attribute[0])
    default.name = "branch"
    model.functions[0].attribute_proto.append(default)
    for attribute in choice.attribute:
        attribute.ClearField("g")
        attribute.ref_attr_name = "branch"
    return model


HIDINGS = [nested, in_a_branch]


@pytest.mark.parametrize("hide", HIDINGS)
def test_no_depth_hides_an_operator(hide: Callable[[onnx.NodeProto], onnx.ModelProto]) -> None:
    """With a standard operator in the same place the file is accepted, and computes it."""
    plain = computed(make_session(graphs.sound().SerializeToString(), 1, {"cpu": {}}))
    sound = accepted(hide(helper.make_node("Neg", ["x"], ["y"])))
    assert np.allclose(computed(make_session(sound, 1, {"cpu": {}})), -plain)
    hidden = hide(helper.make_node("QuickGelu", ["x"], ["y"], domain="com.microsoft"))
    refuse(hidden, "'QuickGelu' is of the custom domain 'com.microsoft'")


@pytest.mark.parametrize("domain", ["", "com.microsoft"])
def test_no_graph_is_the_default_of_an_attribute(domain: str) -> None:
    inner = helper.make_node("Neg", ["x"], ["y"], domain=domain)
    refuse(in_a_default(inner), "an attribute of the function 'outer' has a graph")
    number = in_a_branch(helper.make_node("Neg", ["x"], ["y"]))
    number.functions[0].attribute_proto.append(helper.make_attribute("strength", 1.0))
    accepted(number)


@pytest.mark.parametrize("hide", HIDINGS)
def test_the_runtime_is_given_no_function(
    hide: Callable[[onnx.NodeProto], onnx.ModelProto], tmp_path: Path
) -> None:
    """Not only by the check: what is loaded from a pack computes what the file says."""
    model = hide(helper.make_node("Neg", ["x"], ["y"]))
    assert not onnx.ModelProto.FromString(accepted(model)).functions
    folder = graphs.write_pack(tmp_path / "pack", model.SerializeToString())
    runtime = Runtime(("cpu",))
    (found,) = runtime.load(ModelPack.open(folder, INSPECTION), graphs.ROLE).run(PICTURE)
    plain = computed(make_session(graphs.sound().SerializeToString(), 1, {"cpu": {}}))
    assert np.allclose(found, -plain)


def test_a_file_without_functions_is_given_as_it_is() -> None:
    data = graphs.sound().SerializeToString()
    assert accept_graph(data, CONTRACT, graphs.FILE).data is data


def test_functions_that_do_not_fit_their_calls() -> None:
    spoilt = ending_in("local", "f")
    accepted(spoilt)
    spoilt.functions[0].opset_import[0].version = 13
    refuse(spoilt, "do not fit")
    spoilt = ending_in("local", "f")
    spoilt.graph.node[-1].input.extend(["plain", "plain"])
    refuse(spoilt, "do not fit")
    spoilt = ending_in("local", "f")
    spoilt.functions.append(spoilt.functions[0])
    refuse(spoilt, "twice")


def test_a_function_that_expands_to_more_than_a_file_can_hold(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("appliance.inference.graph.BYTE_LIMIT", 10_000)
    weights = helper.make_tensor("w", TensorProto.FLOAT, [500], [0.0] * 500)
    body = [
        helper.make_node("Constant", [], ["unused"], value=weights),
        helper.make_node("Identity", ["x"], ["y"]),
    ]
    model = ending_in("local", "f", body)
    accepted(model)
    for number in range(10):
        call = helper.make_node("f", ["plain"], [f"more{number}"], domain="local")
        model.graph.node.append(call)
    refuse(model, "bytes")


def in_the_runtimes_format(folder: Path) -> bytes:
    """A graph that ends in com.microsoft.QuickGelu, as ONNX Runtime saves it."""
    model = graphs.sound()
    model.graph.node[-1].output[0] = "plain"
    model.graph.node.append(
        helper.make_node("QuickGelu", ["plain"], ["fc1"], domain="com.microsoft")
    )
    model.opset_import.add(domain="com.microsoft", version=1)
    options = ort.SessionOptions()
    options.optimized_model_filepath = str(folder / "model.ort")
    options.add_session_config_entry("session.save_model_format", "ORT")
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return (folder / "model.ort").read_bytes()


def both_formats(flat: bytes) -> bytes:
    """The sound graph as ONNX, and ``flat`` as a file in the runtime's own format: the same bytes.

    The first eight are the ONNX fields ir_version 8 and producer_name "ORTM", and the FlatBuffers
    header with "ORTM" at byte 4, whose first four bytes say where the root table is: far behind, in
    the weights of an initializer. https://flatbuffers.dev/internals/
    """
    head = b"\x08\x08\x12\x04ORTM"
    at = int.from_bytes(head[:4], "little")
    moved = at + 64  # where the original file begins; its own table is copied to ``at``
    (root,) = struct.unpack_from("<I", flat)
    fields = root - struct.unpack_from("<i", flat, root)[0]
    fields_size, size = struct.unpack_from("<HH", flat, fields)
    table = bytearray(flat[root : root + size])
    struct.pack_into("<i", table, 0, at - (moved + fields))
    for place in struct.unpack_from(f"<{fields_size // 2 - 2}H", flat, fields + 4):
        if place:
            (there,) = struct.unpack_from("<I", flat, root + place)
            struct.pack_into("<I", table, place, moved + root + there - at)
    hidden = bytes(table).ljust(64, b"\0") + flat
    rest = graphs.sound()
    rest.ClearField("ir_version")
    rest.ClearField("producer_name")
    rest.graph.initializer.insert(0, TensorProto(name="hidden", data_type=TensorProto.UINT8))
    before = at
    while True:
        weights = bytes(before) + hidden
        rest.graph.initializer[0].raw_data = weights
        rest.graph.initializer[0].dims[:] = [len(weights)]
        data = head + rest.SerializeToString()
        if (found := data.index(hidden)) == at:
            return data
        before += at - found


def test_the_runtimes_own_format_is_not_taken_for_onnx(tmp_path: Path) -> None:
    flat = in_the_runtimes_format(tmp_path)
    plain = computed(make_session(graphs.sound().SerializeToString(), 1, {"cpu": {}}))
    smuggled = left_alone(flat)
    assert not np.allclose(smuggled, plain)
    with pytest.raises(FAILURES):
        make_session(flat, 1, {"cpu": {}})
    polyglot = both_formats(flat)
    data = accept_graph(polyglot, CONTRACT, graphs.FILE).data
    # The check saw the graph that is sound; the runtime, left alone, sees the other one.
    assert np.allclose(left_alone(data), smuggled)
    assert np.allclose(computed(make_session(data, 1, {"cpu": {}})), plain)


def test_fields_of_a_later_version_of_the_format() -> None:
    """The runtime might know a field that our parser steps over."""
    data = graphs.sound().SerializeToString()
    unknown = b"\xfa\x7f\x01x"  # field 2047, one byte
    assert len(onnx.ModelProto.FromString(data + unknown).graph.node) == 3
    refuse_bytes(data + unknown)
    node = graphs.sound()
    node.graph.node[0].MergeFromString(unknown)
    refuse_bytes(node.SerializeToString())


def refuse_bytes(data: bytes) -> None:
    with pytest.raises(ModelError, match="does not know"):
        accept_graph(data, CONTRACT, graphs.FILE)


def looping(rounds: int | None, *, times: int = 1) -> onnx.ModelProto:
    """The sound graph, its result passed through a loop; ``None``: a computed number of rounds."""

    def value(name: str, kind: int, shape: list[int]) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, kind, shape)

    inside = [
        helper.make_node("Identity", ["going"], ["on"]),
        helper.make_node("Neg", ["before"], ["after"]),
    ]
    body = helper.make_graph(
        inside,
        "body",
        [
            value("round", TensorProto.INT64, []),
            value("going", TensorProto.BOOL, []),
            value("before", TensorProto.FLOAT, [1, 128]),
        ],
        [value("on", TensorProto.BOOL, []), value("after", TensorProto.FLOAT, [1, 128])],
    )
    model = graphs.sound()
    model.graph.node[-1].output[0] = "plain"
    model.graph.initializer.append(helper.make_tensor("true", TensorProto.BOOL, [], [True]))
    if rounds is None:
        model.graph.node.append(helper.make_node("Size", ["data"], ["rounds"]))
    else:
        model.graph.initializer.append(
            helper.make_tensor("rounds", TensorProto.INT64, [], [rounds])
        )
    for number in range(times):
        out = "fc1" if number == 0 else f"more{number}"
        loop = helper.make_node("Loop", ["rounds", "true", "plain"], [out], body=body)
        model.graph.node.append(loop)
    return model


def test_loops_that_never_end() -> None:
    plain = computed(make_session(graphs.sound().SerializeToString(), 1, {"cpu": {}}))
    found = computed(make_session(accepted(looping(3)), 1, {"cpu": {}}))
    assert np.allclose(found, -plain)
    refuse(looping(2**62), "expands to more than")
    refuse(looping(NODE_LIMIT // 4, times=3), "expands to more than")
    refuse(looping(None), "not fixed")
    endless = looping(3)
    endless.graph.node[-1].input[0] = ""
    refuse(endless, "not fixed")


@pytest.mark.parametrize("constant", [False, True])
def test_shapes_that_no_memory_holds(constant: bool) -> None:
    def model(size: int) -> onnx.ModelProto:
        found = graphs.sound()
        shape = helper.make_tensor("shape", TensorProto.INT64, [2], [size, 2])
        if constant:
            found.graph.node.append(helper.make_node("Constant", [], ["shape"], value=shape))
        else:
            found.graph.initializer.append(shape)
        found.graph.node.append(helper.make_node("ConstantOfShape", ["shape"], ["big"]))
        return found

    accepted(model(1000))
    refuse(model(ELEMENT_LIMIT), "implausible size")
