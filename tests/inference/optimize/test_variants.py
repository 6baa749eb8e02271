from __future__ import annotations

import numpy as np
import onnx
import pytest

from appliance.inference.optimize.accuracy import relative_error
from appliance.inference.optimize.float16 import rounded_to_float16, to_float16
from appliance.inference.optimize.quantize import OPERATORS, to_int8
from appliance.inference.optimize.ranges import observe
from appliance.inference.optimize.variants import BOUNDS, build
from tests.inference.optimize.graphs import Arrays, differ, kinds, noise, parsed

FEEDS = [{"x": noise(1, 3, 16, 16, seed=seed)} for seed in range(8)]


def convolutions(scale: float = 1.0) -> onnx.ModelProto:
    body = """
        a = Conv <pads = [1, 1, 1, 1]> (x, v)
        b = Relu (a)
        c = Conv <pads = [1, 1, 1, 1]> (b, w)
        d = Relu (c)
        e = Conv <pads = [1, 1, 1, 1]> (d, u)
        y = Mul (e, scale)
    """
    weights: Arrays = {
        "v": noise(8, 3, 3, 3) / 5,
        "w": noise(8, 8, 3, 3, seed=1) / 8,
        "u": noise(3, 8, 3, 3, seed=2) / 8,
        "scale": np.array([scale], np.float32),
    }
    return parsed(body, "float[1,3,16,16] x", "float[1,3,16,16] y", weights)


def test_each_precision_is_built_and_measured() -> None:
    found = {
        candidate.precision: candidate for candidate in build(convolutions(), FEEDS, tuple(BOUNDS))
    }
    assert all(candidate.accepted and candidate.batched for candidate in found.values())
    assert found["fp32"].error < found["fp16"].error < found["int8"].error
    assert found["fp16"].error > 1e-6  # it really computes with fewer bits


def test_float16_keeps_its_tensors_and_halves_its_weights() -> None:
    model = convolutions()
    half = to_float16(model)
    assert half.graph.input == model.graph.input
    assert half.graph.output[0].type == model.graph.output[0].type
    assert {t.data_type for t in half.graph.initializer} == {onnx.TensorProto.FLOAT16}


def test_operators_stay_in_float32_where_the_error_requires_it() -> None:
    """The squares of numbers near 1000 lie beyond float16: only an island of float32 holds them."""
    body = """
        a = Mul (x, big)
        b = Pow (a, two)
        c = ReduceMean <axes = [2, 3], keepdims = 1> (b)
        d = Sqrt (c)
        y = Div (a, d)
    """
    weights = {"big": np.array([1000], np.float32), "two": np.array([2], np.float32)}
    model = parsed(body, "float[1,3,16,16] x", "float[1,3,16,16] y", weights)
    assert not error_of(model, rounded_to_float16(model)) <= BOUNDS["fp16"]
    (half,) = build(model, FEEDS, ["fp16"])
    assert half.accepted
    assert half.notes["kinds of operator kept in fp32"] > 0


def error_of(model: onnx.ModelProto, other: onnx.ModelProto) -> float:
    return max(differ(model, other, **feed) for feed in FEEDS)


def test_a_variant_that_errs_too_much_is_not_accepted() -> None:
    """What comes out lies beyond float16 itself: no island helps, since the graph ends there."""
    body = "a = Exp (x) b = Mul (a, huge) c = Sub (b, huge) y = Div (c, huge)"
    model = parsed(
        body, "float[1,3,16,16] x", "float[1,3,16,16] y", {"huge": np.array([1e9], np.float32)}
    )
    (half,) = build(model, FEEDS, ["fp16"])
    assert not half.accepted


def quantised(model: onnx.ModelProto, end: float = 0.0) -> onnx.ModelProto:
    return to_int8(model, observe(model, FEEDS, OPERATORS).widest(), end)


def test_int8_quantises_all_but_the_ends() -> None:
    model = convolutions()
    small = quantised(model)
    assert kinds(small)["DequantizeLinear"] == 3  # input and weights of the one in the middle
    assert 1e-5 < error_of(model, small) <= BOUNDS["int8"]


def test_int8_keeps_the_matrix_that_no_node_reads() -> None:
    model = convolutions()
    model.graph.initializer.append(onnx.numpy_helper.from_array(noise(2, 2), "emap"))
    assert quantised(model).graph.initializer[-1].name == "emap"


def test_int8_does_not_change_the_model_it_is_made_from() -> None:
    model = convolutions()
    before = model.SerializeToString(deterministic=True)
    quantised(model)
    assert model.SerializeToString(deterministic=True) == before


def test_ranges_are_those_of_each_picture() -> None:
    ranges = observe(convolutions(), FEEDS, ("Conv",))
    assert {"x", "a", "b", "e"} <= set(ranges.names)
    at = ranges.names.index("x")
    for feed, least, largest in zip(FEEDS, ranges.least, ranges.largest, strict=True):
        assert (least[at], largest[at]) == (feed["x"].min(), feed["x"].max())
    assert ranges.widest()["x"] == (
        min(feed["x"].min() for feed in FEEDS),
        max(feed["x"].max() for feed in FEEDS),
    )
    assert ranges.usual()["x"][1] < ranges.widest()["x"][1]


def deep(coarse: float) -> onnx.ModelProto:
    """Eight convolutions, of which the first multiplies one channel by ``coarse``."""
    names = [f"w{number}" for number in range(8)]
    tensors = ["x", *(f"t{number}" for number in range(7)), "y"]
    body = " ".join(
        f"{made} = Conv <pads = [1, 1, 1, 1]> ({read}, {name})"
        for made, read, name in zip(tensors[1:], tensors, names, strict=False)
    )
    weights = {name: noise(8, 8, 3, 3, seed=7 + at) / 8 for at, name in enumerate(names)}
    weights["w0"] = noise(8, 3, 3, 3) / 5
    weights["w0"][0] *= coarse
    weights["w1"][:, 0] /= coarse
    return parsed(body, "float[1,3,16,16] x", "float[1,8,16,16] y", weights)


def test_int8_keeps_more_in_float32_where_the_error_requires_it() -> None:
    """One channel 300 times as large as the others leaves them a step or two of 256."""
    assert error_of(deep(300), quantised(deep(300))) > BOUNDS["int8"]
    (small,) = build(deep(300), FEEDS, ["int8"])
    assert small.accepted
    assert small.notes["% of convolutions kept in fp32 at either end"] > 0


def test_int8_that_errs_on_crops_it_was_not_made_from_is_not_accepted() -> None:
    model = convolutions()
    strange = {"x": 40 * FEEDS[0]["x"]}
    (small,) = build(model, [FEEDS[0], strange], ["int8"])
    assert not small.accepted
    (small,) = build(model, [strange, FEEDS[0]], ["fp32"])
    assert small.accepted


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_an_output_that_is_not_a_number_errs_infinitely(bad: float) -> None:
    right = [(np.ones(3, np.float32),)]
    assert relative_error([(np.array([1, bad, 1], np.float32),)], right) == np.inf
    assert relative_error([(np.ones(4, np.float32),)], right) == np.inf
    assert relative_error([(np.array([1, 1, 2], np.float32),)], right) == pytest.approx(
        1 / np.sqrt(3)
    )
