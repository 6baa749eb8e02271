from __future__ import annotations

import numpy as np
import pytest

from appliance.inference.optimize.accuracy import batch_independent, outputs
from appliance.inference.optimize.conv_widening import widen_inputs, widen_outputs
from appliance.inference.optimize.dynamic_batch import open_batch
from appliance.inference.optimize.fold import fold_constants
from appliance.inference.optimize.merge_gemm import merge_products
from appliance.inference.optimize.pad import pad_in_nchw
from appliance.inference.optimize.rewrite import rewrite
from tests.inference import standins
from tests.inference.optimize.graphs import after, differ, kinds, noise, parsed, styled


def test_constants_are_folded_and_other_nodes_left() -> None:
    body = "two = Add (w, w) four = Mul (two, two) z = Mul (x, four) y = Add (z, x)"
    model = parsed(body, "float[3] x", "float[3] y", {"w": noise(3)})
    folded, count = after(model, fold_constants)
    assert count == 2
    assert kinds(folded) == {"Mul": 1, "Add": 1}
    assert differ(model, folded, x=noise(3, seed=1)) < 1e-6


def test_products_of_one_vector_are_merged_and_others_left() -> None:
    body = """
        a = Gemm <transB = 1> (x, v, b)
        c = Gemm <transB = 1> (x, w, d)
        e = Gemm <transB = 1, alpha = 2.0> (x, v, b)
        s = Mul (a, e)
        y = Concat <axis = 1> (s, c)
    """
    weights = {"v": noise(4, 6), "w": noise(2, 6, seed=1), "b": noise(4), "d": noise(2)}
    model = parsed(body, "float[1,6] x", "float[1,6] y", weights)
    merged, count = after(model, merge_products)
    assert count == 2
    assert kinds(merged)["Gemm"] == 2
    assert differ(model, merged, x=noise(1, 6, seed=3)) < 1e-6


@pytest.mark.parametrize("pads", [[0, 0, 0, 0], [2, 2, 2, 2], [2, 1, 2, 3]])
def test_a_narrow_convolution_is_widened_into_the_same_sums(pads: list[int]) -> None:
    size = 12 if any(pads) else 16
    body = f"y = Conv <kernel_shape = [5, 5], pads = {pads}> (x, w, b)"
    weights = {"w": noise(3, 8, 5, 5), "b": noise(3)}
    model = parsed(body, f"float[1,8,{size},{size}] x", "float[1,3,12,12] y", weights)
    wide, count = after(model, widen_outputs)
    assert count == 1
    assert kinds(wide) == {"Conv": 1, "DepthToSpace": 1}
    assert differ(model, wide, x=noise(1, 8, size, size, seed=1)) < 1e-6


@pytest.mark.parametrize(
    ("outputs_", "kernel", "attributes"), [(16, 5, ""), (3, 3, ""), (3, 5, "strides = [2, 2],")]
)
def test_other_convolutions_stay(outputs_: int, kernel: int, attributes: str) -> None:
    pad = kernel // 2
    side = 6 if attributes else 12
    body = f"y = Conv <{attributes} pads = [{pad}, {pad}, {pad}, {pad}]> (x, w)"
    weights = {"w": noise(outputs_, 8, kernel, kernel)}
    model = parsed(body, "float[1,8,12,12] x", f"float[1,{outputs_},{side},{side}] y", weights)
    assert after(model, widen_outputs)[1] == 0


@pytest.mark.parametrize(("mode", "batch"), [("reflect", 1), ("constant", 1), ("edge", 2)])
def test_padding_in_nchw_gives_the_same(mode: str, batch: int) -> None:
    body = f'y = Pad <mode = "{mode}"> (x, pads)'
    weights = {"pads": np.array([0, 0, 1, 2, 0, 0, 2, 1])}
    model = parsed(body, f"float[{batch},3,5,5] x", f"float[{batch},3,8,8] y", weights)
    changed, count = after(model, pad_in_nchw)
    assert count == 1
    assert differ(model, changed, x=noise(batch, 3, 5, 5)) == 0


def test_a_padding_of_channels_stays() -> None:
    weights = {"pads": np.array([0, 1, 0, 0, 0, 0, 0, 0])}
    model = parsed("y = Pad (x, pads)", "float[1,3,5,5] x", "float[1,4,5,5] y", weights)
    assert after(model, pad_in_nchw)[1] == 0


def test_the_batch_becomes_dynamic_through_reshapes() -> None:
    body = "z = Reshape (x, flat) y = Mul (z, w)"
    weights = {"flat": np.array([1, 12]), "w": noise(12)}
    model = parsed(body, "float[1,3,4] x", "float[1,12] y", weights)
    opened, _ = after(model, open_batch)
    feeds = [{"x": noise(1, 3, 4, seed=seed)} for seed in range(2)]
    assert batch_independent(opened, feeds, outputs(model, feeds))


def test_a_graph_that_mixes_its_samples_is_detected() -> None:
    model = parsed(
        "m = ReduceMean <axes = [0], keepdims = 1> (x) y = Sub (x, m)",
        "float[1,3] x",
        "float[1,3] y",
    )
    opened, _ = after(model, open_batch)
    feeds = [{"x": noise(1, 3, seed=seed)} for seed in range(2)]
    assert not batch_independent(opened, feeds, outputs(model, feeds))


def test_all_passes_together_keep_the_function_for_any_batch() -> None:
    model = styled()
    rewritten, done = rewrite(model)
    assert done["instance norms fused"] == done["styles fused"] == 1
    feeds = [
        {"x": 2 + noise(1, 4, 6, 6, seed=seed), "style": noise(1, 8, seed=seed)}
        for seed in range(3)
    ]
    assert batch_independent(rewritten, feeds, outputs(model, feeds))


@pytest.mark.parametrize(
    "family", ["inswapper", "arcface", "yolo-face", "2dfan4", "bisenet", "xseg"]
)
def test_stand_ins_of_the_families_keep_their_function(family: str) -> None:
    model = standins.model(family)
    rewritten, _ = rewrite(model)
    rng = np.random.default_rng(0)
    inputs = {
        value.name: rng.random([d.dim_value for d in value.type.tensor_type.shape.dim], np.float32)
        for value in model.graph.input
    }
    assert differ(model, rewritten, **inputs) < 1e-5


def test_sums_and_rectifiers_between_paddings_stay_in_nchw() -> None:
    """A residual block as generators have it: the values it gives are those it gave."""
    body = """
        a = Pad <mode = "reflect"> (x, pads)
        b = Conv (a, w)
        c = InstanceNormalization (b, one, zero)
        d = Mul (c, gain)
        e = Add (d, shift)
        f = Relu (e)
        g = Pad <mode = "reflect"> (f, pads)
        h = Conv (g, w)
        i = Add (x, h)
        y = Pad <mode = "reflect"> (i, pads)
    """
    weights = {
        "pads": np.array([0, 0, 1, 1, 0, 0, 1, 1]),
        "w": noise(4, 4, 3, 3) / 6,
        "one": np.ones(4, np.float32),
        "zero": np.zeros(4, np.float32),
    }
    inputs = "float[1,4,6,6] x, float[1,4,1,1] gain, float[1,4,1,1] shift"
    model = parsed(body, inputs, "float[1,4,8,8] y", weights)
    rewritten, done = rewrite(model)
    assert done["styles fused"] == 1
    assert done["sums kept in NCHW"] >= 1
    feeds = [
        {
            "x": noise(1, 4, 6, 6, seed=seed),
            "gain": noise(1, 4, 1, 1, seed=seed),
            "shift": noise(1, 4, 1, 1, seed=seed + 9),
        }
        for seed in range(2)
    ]
    assert batch_independent(rewritten, feeds, outputs(model, feeds))


def test_three_input_channels_get_a_fourth_of_zeros() -> None:
    body = "y = Conv <pads = [3, 3, 3, 3]> (x, w)"
    model = parsed(body, "float[1,3,9,9] x", "float[1,8,9,9] y", {"w": noise(8, 3, 7, 7)})
    wide, count = after(model, widen_inputs)
    assert count == 1
    assert differ(model, wide, x=noise(1, 3, 9, 9, seed=1)) < 1e-6
