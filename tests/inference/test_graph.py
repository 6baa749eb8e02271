from __future__ import annotations

import contextlib
from collections.abc import Callable

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from appliance.errors import ModelError
from appliance.inference import graph
from appliance.inference.families import CONTRACTS
from appliance.inference.graph import check_graph
from tests.inference import graphs, standins

CONTRACT = CONTRACTS[graphs.FAMILY]


def refuse(model: onnx.ModelProto | bytes, match: str) -> None:
    data = model if isinstance(model, bytes) else model.SerializeToString()
    with pytest.raises(ModelError, match=match) as caught:
        check_graph(data, CONTRACT, graphs.FILE)
    assert graphs.FILE in caught.value.message


def external() -> TensorProto:
    tensor = TensorProto(name="weights", dims=[1], data_type=TensorProto.FLOAT)
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../etc/passwd")
    return tensor


def test_a_valid_graph_passes() -> None:
    """The graph that the other tests damage is valid without the damage."""
    check_graph(graphs.sound().SerializeToString(), CONTRACT, graphs.FILE)


@pytest.mark.parametrize("data", [b"", b"\xff" * 40, b"PK\x03\x04", b"\x08\x08"])
def test_files_that_are_not_onnx_are_refused(data: bytes) -> None:
    refuse(data, "not an ONNX file")


@given(st.binary(max_size=300))
def test_random_bytes_are_a_model_error(data: bytes) -> None:
    with pytest.raises(ModelError):
        check_graph(data, CONTRACT, graphs.FILE)


@given(st.data())
def test_a_damaged_byte_passes_or_is_a_model_error(data: st.DataObject) -> None:
    spoilt = bytearray(graphs.sound().SerializeToString())
    at = data.draw(st.integers(0, len(spoilt) - 1))
    spoilt[at] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ModelError):
        check_graph(bytes(spoilt), CONTRACT, graphs.FILE)


def test_text_that_is_not_utf_8() -> None:
    data = graphs.sound().SerializeToString()
    assert b"MatMul" in data
    refuse(data.replace(b"MatMul", b"\xffatMul"), "'op_type' is not UTF-8")
    refuse(data.replace(b"mean", b"\xffean"), "is not UTF-8")


def in_initializer(model: onnx.ModelProto, tensor: TensorProto) -> None:
    model.graph.initializer.append(tensor)


def in_node(model: onnx.ModelProto, tensor: TensorProto) -> None:
    model.graph.node.append(helper.make_node("Constant", [], ["c"], value=tensor))


def in_subgraph(model: onnx.ModelProto, tensor: TensorProto) -> None:
    model.graph.node.append(graphs.branch(helper.make_node("Constant", [], ["z"], value=tensor)))


def in_function(model: onnx.ModelProto, tensor: TensorProto) -> None:
    constant = helper.make_node("Constant", [], ["y"], value=tensor)
    model.functions.append(graphs.function("f", [constant]))


def in_sparse_initializer(model: onnx.ModelProto, tensor: TensorProto) -> None:
    indices = helper.make_tensor("i", TensorProto.INT64, [1], [0])
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(tensor, indices, [4]))


PLACES = [in_initializer, in_node, in_subgraph, in_function, in_sparse_initializer]
Place = Callable[[onnx.ModelProto, TensorProto], None]


@pytest.mark.parametrize("place", PLACES)
def test_data_in_another_file_wherever_it_is_named(place: Place) -> None:
    model = graphs.sound()
    place(model, external())
    refuse(model, "another file")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("dims", [[-1], [1 << 40], [1 << 20, 1 << 20], [1 << 62, 4]])
def test_tensors_of_implausible_size_wherever_they_are(place: Place, dims: list[int]) -> None:
    model = graphs.sound()
    place(model, TensorProto(name="big", dims=dims, data_type=TensorProto.FLOAT))
    refuse(model, "implausible shape")


def test_a_sparse_tensor_that_expands_to_an_implausible_size() -> None:
    model = graphs.sound()
    values = helper.make_tensor("v", TensorProto.FLOAT, [1], [1.0])
    in_sparse_initializer(model, values)
    model.graph.sparse_initializer[0].dims[:] = [1 << 40]
    refuse(model, "implausible shape")


@pytest.mark.parametrize("domain", ["com.microsoft", "evil", "ai.onnx.training"])
def test_custom_operators_in_graph_subgraph_and_function(domain: str) -> None:
    node = helper.make_node("Launch", ["data"], ["z"], domain=domain)
    function = graphs.function("f", [node])
    for nodes, functions in (([node], []), ([graphs.branch(node)], []), ([], [function])):
        model = graphs.sound()
        model.graph.node.extend(nodes)
        model.functions.extend(functions)
        refuse(model, f"'Launch' is of the custom domain '{domain}'")


def test_operators_that_the_operator_set_does_not_have() -> None:
    model = graphs.sound()
    model.graph.node.append(helper.make_node("Launch", ["data"], ["z"]))
    refuse(model, "'Launch' does not exist in operator set 17")
    model = graphs.sound()
    model.graph.node.append(helper.make_node("Gelu", ["data"], ["z"]))  # since 20
    refuse(model, "'Gelu' does not exist in operator set 17")


@pytest.mark.parametrize("version", [0, -1, 999])
def test_unknown_operator_sets(version: int) -> None:
    model = graphs.sound()
    model.opset_import[0].version = version
    refuse(model, f"operator set ai.onnx {version} is unknown")
    model = graphs.sound()
    model.functions.append(graphs.function("f", [helper.make_node("Abs", ["x"], ["y"])]))
    model.functions[0].opset_import[0].version = version
    refuse(model, f"operator set ai.onnx {version} is unknown")


def test_operator_sets_named_never_or_twice() -> None:
    model = graphs.sound()
    del model.opset_import[0]
    refuse(model, "names no operator set")
    model = graphs.sound()
    model.opset_import.add(domain="ai.onnx", version=16)
    refuse(model, "twice")


def test_functions_made_of_standard_operators_pass() -> None:
    model = graphs.sound()
    model.functions.append(graphs.function("f", [helper.make_node("Abs", ["x"], ["y"])]))
    model.graph.node.append(helper.make_node("f", ["data"], ["z"], domain="local"))
    check_graph(model.SerializeToString(), CONTRACT, graphs.FILE)


def test_functions_that_call_themselves() -> None:
    call = {name: helper.make_node(name, ["x"], ["y"], domain="local") for name in "fg"}
    model = graphs.sound()
    model.functions.extend(
        [graphs.function("f", [call["g"]]), graphs.function("g", [graphs.branch(call["f"])])]
    )
    model.graph.node.append(call["f"])
    refuse(model, "calls itself")


def test_functions_that_expand_without_end() -> None:
    """Forty functions that each call the next twice: a few hundred bytes, 2**40 operators."""
    model = graphs.sound()
    for level in range(40):
        call = helper.make_node(f"f{level + 1}", ["x"], ["y"], domain="local")
        model.functions.append(graphs.function(f"f{level}", [call, call]))
    model.functions.append(graphs.function("f40", [helper.make_node("Abs", ["x"], ["y"])]))
    model.graph.node.append(helper.make_node("f0", ["data"], ["z"], domain="local"))
    refuse(model, "expands to more than")


def test_too_many_functions() -> None:
    model = graphs.sound()
    body = [helper.make_node("Abs", ["x"], ["y"])]
    model.functions.extend(graphs.function(f"f{i}", body) for i in range(graph.FUNCTION_LIMIT + 1))
    refuse(model, "functions")


def test_a_function_that_poses_as_a_standard_operator() -> None:
    model = graphs.sound()
    model.functions.append(graphs.function("MatMul", [helper.make_node("Abs", ["x"], ["y"])]))
    model.functions[0].domain = "ai.onnx"
    refuse(model, "in the domain 'ai.onnx', which is an operator's")


def test_training_graphs() -> None:
    model = graphs.sound()
    model.training_info.add()
    refuse(model, "training")


def spoil_input_name(g: onnx.GraphProto) -> None:
    g.input[0].name = "image"


def spoil_output_name(g: onnx.GraphProto) -> None:
    g.output[0].name = "embedding"


def add_input(g: onnx.GraphProto) -> None:
    g.input.append(helper.make_tensor_value_info("more", TensorProto.FLOAT, [1]))


def add_output(g: onnx.GraphProto) -> None:
    g.output.append(helper.make_tensor_value_info("more", TensorProto.FLOAT, [1]))


def spoil_type(g: onnx.GraphProto) -> None:
    g.input[0].type.tensor_type.elem_type = TensorProto.DOUBLE


def spoil_rank(g: onnx.GraphProto) -> None:
    del g.output[0].type.tensor_type.shape.dim[0]


def spoil_size(g: onnx.GraphProto) -> None:
    g.input[0].type.tensor_type.shape.dim[2].dim_value = 128


def implausible_size(g: onnx.GraphProto) -> None:
    g.input[0].type.tensor_type.shape.dim[2].dim_value = 1 << 40


def no_tensor(g: onnx.GraphProto) -> None:
    g.input[0].type.Clear()


@pytest.mark.parametrize(
    ("spoil", "match"),
    [
        (spoil_input_name, r"inputs are \['image'\].* \['data'\]"),
        (spoil_output_name, r"outputs are \['embedding'\].* \['fc1'\]"),
        (add_input, "'more'"),
        (add_output, "'more'"),
        (spoil_type, "'data' is not float32"),
        (spoil_rank, r"'fc1' has the shape \(128,\)"),
        (spoil_size, r"\(1, 3, 128, 112\).*\(1, 3, 112, 112\)"),
        (implausible_size, "implausible"),
        (no_tensor, "not float32"),
    ],
)
def test_tensors_that_are_not_the_familys(
    spoil: Callable[[onnx.GraphProto], None], match: str
) -> None:
    model = graphs.sound()
    spoil(model.graph)
    refuse(model, match)


def test_a_size_that_the_graph_leaves_open_may_be_fixed_by_the_family() -> None:
    model = graphs.sound()
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_param = "height"
    tensors = check_graph(model.SerializeToString(), CONTRACT, graphs.FILE)
    assert not tensors.batched


def test_a_shape_may_be_left_undeclared() -> None:
    model = graphs.sound()
    model.graph.output[0].type.tensor_type.ClearField("shape")
    assert not check_graph(model.SerializeToString(), CONTRACT, graphs.FILE).batched
    model.graph.input[0].type.tensor_type.ClearField("shape")
    assert not check_graph(model.SerializeToString(), CONTRACT, graphs.FILE).batched


def test_a_size_that_the_family_leaves_open_may_not_be_fixed_by_the_graph() -> None:
    upscaler = standins.model("real-esrgan-x2")
    data = upscaler.SerializeToString()
    check_graph(data, CONTRACTS["real-esrgan-x2"], graphs.FILE)
    upscaler.graph.input[0].type.tensor_type.shape.dim[2].dim_value = 256
    with pytest.raises(ModelError, match=r"\(1, 3, 256, None\).*\(1, 3, None, None\)"):
        check_graph(upscaler.SerializeToString(), CONTRACTS["real-esrgan-x2"], graphs.FILE)


def test_weights_listed_as_inputs_are_not_inputs() -> None:
    """Exporters did so until IR version 4, as in the published YuNet and SFace."""
    model = graphs.sound()
    weights = model.graph.initializer[0]
    model.graph.input.append(
        helper.make_tensor_value_info(weights.name, TensorProto.FLOAT, list(weights.dims))
    )
    check_graph(model.SerializeToString(), CONTRACT, graphs.FILE)


def test_the_limits_leave_room_for_the_networks_in_use() -> None:
    """A layer of the largest generator known here: 1024 x 1024 x 3 x 3."""
    model = graphs.sound()
    weights = np.zeros((1024, 1024, 3, 3), np.float16)
    model.graph.initializer.append(onnx.numpy_helper.from_array(weights, "conv"))
    check_graph(model.SerializeToString(), CONTRACT, graphs.FILE)
