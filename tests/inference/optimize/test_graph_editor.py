from __future__ import annotations

import onnx

from appliance.inference.optimize.graph_editor import GraphEditor
from tests.inference.optimize.graphs import differ, kinds, noise, normalising, parsed


def test_an_untouched_graph_is_returned_unchanged() -> None:
    model = normalising()
    result = GraphEditor(model).result()
    assert kinds(result) == kinds(model)
    assert len({node.name for node in result.graph.node}) == len(model.graph.node)
    assert differ(model, result, x=noise(1, 4, 6, 6)) == 0


def test_the_original_model_is_not_changed() -> None:
    model = normalising()
    before = model.SerializeToString()
    editor = GraphEditor(model)
    editor.redirect("centred", editor.add("Relu", ["x"])[0])
    editor.result()
    assert model.SerializeToString() == before


def test_unread_nodes_are_dropped_and_the_others_sorted() -> None:
    model = parsed(
        "a = Relu (x) b = Mul (a, w) y = Add (b, a)", "float[2] x", "float[2] y", {"w": noise(2)}
    )
    editor = GraphEditor(model)
    editor.redirect("b", editor.add("Neg", ["a"])[0])
    result = editor.result()
    onnx.checker.check_model(result)
    assert kinds(result) == {"Relu": 1, "Neg": 1, "Add": 1}


def test_the_last_weight_stays_though_no_node_reads_it() -> None:
    """Inswapper's emap is there for the caller."""
    model = parsed(
        "y = Relu (x)", "float[2] x", "float[2] y", {"unread": noise(3), "emap": noise(4)}
    )
    editor = GraphEditor(model)
    editor.redirect("y", editor.add("Mul", ["y", editor.add_constant(noise(2), "w")])[0])
    assert [t.name for t in editor.result().graph.initializer][-1] == "emap"
    assert "unread" not in [t.name for t in editor.result().graph.initializer]


def test_an_output_keeps_its_name_when_another_node_takes_it_over() -> None:
    model = parsed("y = Relu (x)", "float[2] x", "float[2] y")
    editor = GraphEditor(model)
    editor.redirect("y", editor.add("Neg", ["x"])[0])
    result = editor.result()
    assert [node.op_type for node in result.graph.node] == ["Neg"]
    assert result.graph.node[0].output[0] == result.graph.output[0].name == "y"


def test_tensors_that_a_subgraph_takes_from_outside_count_as_read() -> None:
    body = """
        a = Relu (x)
        y = If (yes) <then_branch = t () => (float[2] p) { p = Neg (a) },
                      else_branch = e () => (float[2] q) { q = Identity (a) }>
    """
    model = parsed(body, "float[2] x, bool yes", "float[2] y")
    assert kinds(GraphEditor(model).result()) == {"Relu": 1, "If": 1}


def test_shapes_are_known_after_settling() -> None:
    editor = GraphEditor(normalising())
    assert editor.shape("mean") == (1, 4, 1, 1)
    (new,) = editor.add("ReduceMean", ["x"], axes=[1], keepdims=1)
    editor.redirect("normal", new)
    editor.settle()
    assert editor.shape(new) == (1, 1, 6, 6)
    assert editor.constant("one") == 1
