from __future__ import annotations

import pytest

from appliance.inference.optimize.normalise import (
    drop_cancelled_bias,
    fuse_adain,
    fuse_instance_norm,
)
from tests.inference.optimize.graphs import (
    NORMALISED,
    after,
    differ,
    kinds,
    noise,
    normalising,
    parsed,
    styled,
)

SPELLINGS = {
    "reciprocal": NORMALISED.replace("Div (one, root)", "Reciprocal (root)"),
    "divided": NORMALISED.replace("inverse = Div (one, root)", "").replace(
        "Mul (centred, inverse)", "Div (centred, root)"
    ),
    "power": NORMALISED.replace("Mul (centred, centred)", "Pow (centred, two)").replace(
        "mean = ", "two = Constant <value = float {2.0}> () mean = ", 1
    ),
    "written": NORMALISED,
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_of_a_norm_becomes_one_operator(spelling: str) -> None:
    model = normalising(SPELLINGS[spelling] + "y = Identity (normal)")
    fused, count = after(model, fuse_instance_norm)
    assert count == 1
    assert kinds(fused) == {"InstanceNormalization": 1, "Identity": 1}
    assert differ(model, fused, x=3 + 5 * noise(1, 4, 6, 6)) < 1e-5


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("axes = [2, 3], keepdims = 1> (squares)", "axes = [3], keepdims = 1> (squares)"),
        ("squares = Mul (centred, centred)", "squares = Mul (centred, x)"),
        ("normal = Mul (centred, inverse)", "normal = Mul (x, inverse)"),
    ],
)
def test_what_only_resembles_a_norm_stays(wrong: str, right: str) -> None:
    body = NORMALISED.replace(wrong, right) + "y = Identity (normal)"
    assert body != NORMALISED
    kept, count = after(normalising(body), fuse_instance_norm)
    assert count == 0
    assert "InstanceNormalization" not in kinds(kept)


def test_a_norm_whose_variance_is_used_elsewhere_stays() -> None:
    model = normalising(NORMALISED + "y = Add (normal, variance)")
    assert after(model, fuse_instance_norm)[1] == 0


def test_a_style_becomes_the_scale_and_shift_of_the_norm() -> None:
    model = styled()
    normal, _ = after(model, fuse_instance_norm)
    fused, count = after(normal, fuse_adain)
    assert count == 1
    assert not {"Mul", "Add"} & set(kinds(fused))
    assert differ(model, fused, x=3 + noise(1, 4, 6, 6), style=noise(1, 8, seed=1)) < 1e-5


def test_a_norm_of_another_scale_takes_no_style() -> None:
    body = """
        normal = InstanceNormalization (x, two, zero)
        scaled = Mul (normal, style)
        y = Add (scaled, style)
    """
    weights = {"two": 2 + 0 * noise(4), "zero": 0 * noise(4)}
    model = parsed(body, "float[1,4,6,6] x, float[1,4,1,1] style", "float[1,4,6,6] y", weights)
    assert after(model, fuse_adain)[1] == 0


@pytest.mark.parametrize(("reader", "dropped"), [("InstanceNormalization", 1), ("Relu", 0)])
def test_a_bias_goes_only_where_its_mean_is_subtracted(reader: str, dropped: int) -> None:
    end = "InstanceNormalization (z, one, zero)" if dropped else "Relu (z)"
    weights = {"w": noise(4, 4, 1, 1), "b": noise(4), "one": 1 + 0 * noise(4), "zero": 0 * noise(4)}
    body = f"z = Conv (x, w, b) y = {end}"
    model = parsed(body, "float[1,4,6,6] x", "float[1,4,6,6] y", weights)
    result, count = after(model, drop_cancelled_bias)
    assert count == dropped, reader
    assert differ(model, result, x=noise(1, 4, 6, 6, seed=2)) < 1e-4
