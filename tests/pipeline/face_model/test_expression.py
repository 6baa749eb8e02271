"""What counts as expression and is taken out, and what as identity and stays."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.expression import Neutraliser, expression_moves
from appliance.pipeline.face_model.regions import region_weights
from appliance.pipeline.face_model.topology import POINTS, SKIN_POINTS
from appliance.pipeline.imaging.types import Float

JAW, CORNERS, LIPS = slice(0, 1), slice(3, 9), slice(9, 17)
AXES = {"wider": 0, "longer": 1, "deeper": 2}


def left_over(canonical: Canonical, difference: Float) -> float:
    """The size of what stays of a difference over its own."""
    left = Neutraliser(canonical).neutralise(difference)
    return float(np.linalg.norm(left) / np.linalg.norm(difference))


def kept(canonical: Canonical, difference: Float) -> float:
    """How much of a difference stays, in its own direction."""
    left = Neutraliser(canonical).neutralise(difference)
    return float((left * difference).sum() / (difference**2).sum())


def grown(canonical: Canonical, region: str, way: str, amount: float) -> Float:
    """The face's region ``amount`` larger along one axis."""
    difference = np.zeros((POINTS, 3), np.float32)
    axis = AXES[way]
    difference[:, axis] = canonical.xyz[:, axis] * amount * region_weights(canonical)[region]
    difference[SKIN_POINTS:] = 0
    return difference


def test_each_move_is_a_centimetre_at_its_largest_and_leaves_the_irises(
    canonical: Canonical,
) -> None:
    moves = expression_moves(canonical)
    sizes = np.linalg.norm(moves.basis, axis=2)
    assert np.allclose(sizes.max(axis=1), 1, atol=1e-5)
    assert not moves.basis[:, SKIN_POINTS:].any()
    assert len(moves.basis) == len(moves.deviation)


@pytest.mark.parametrize("amount", [-0.5, 0.3, 1.5])
@pytest.mark.parametrize(
    ("moves", "most"), [(JAW, 0.1), (CORNERS, 0.1), (LIPS, 0.25)], ids=["jaw", "corners", "lips"]
)
def test_a_pure_move_is_taken_out(
    moves: slice, most: float, amount: float, canonical: Canonical
) -> None:
    for move in expression_moves(canonical).basis[moves]:
        assert left_over(canonical, move * np.float32(amount)) < most


def test_a_smile_with_an_open_mouth_is_taken_out(canonical: Canonical) -> None:
    basis = expression_moves(canonical).basis
    smile = np.asarray(0.8 * basis[0] + 0.5 * basis[CORNERS].sum(axis=0), np.float32)
    assert left_over(canonical, smile) < 0.1


@pytest.mark.parametrize(
    ("region", "way", "least"),
    [
        ("nose", "wider", 0.9),
        ("nose", "deeper", 0.85),
        ("jaw", "wider", 0.85),
        ("cheeks", "wider", 0.85),
        ("forehead", "longer", 0.9),
    ],
)
def test_a_difference_of_bone_stays(
    region: str, way: str, least: float, canonical: Canonical
) -> None:
    assert kept(canonical, grown(canonical, region, way, 0.1)) > least


def test_a_longer_chin_is_partly_taken_for_a_dropped_jaw(canonical: Canonical) -> None:
    # The known price: one picture cannot tell the two apart, and a jaw that drops with the
    # source's would be worse. What is lost stays below two thirds.
    chin = np.zeros((POINTS, 3), np.float32)
    chin[:, 1] = -0.5 * region_weights(canonical)["jaw"]
    assert 0.33 < kept(canonical, chin) < 0.9


def test_neutralising_is_linear_and_nothing_stays_nothing(canonical: Canonical) -> None:
    random = np.random.default_rng(3)
    a, b = random.normal(0, 0.3, (2, POINTS, 3)).astype(np.float32)
    neutralise = Neutraliser(canonical).neutralise
    together = neutralise(2 * a - b)
    assert np.allclose(together, 2 * neutralise(a) - neutralise(b), atol=1e-4)
    assert not neutralise(np.zeros((POINTS, 3), np.float32)).any()
