"""A raised brow: found beyond what people have at rest, and of one side alone."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.pipeline.face_model.brows import BROW, OWN, BrowRaise
from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.shape import LID_PAIRS, ShapeTransfer
from appliance.pipeline.imaging.types import Float


def with_right_brow(canonical: Canonical, up: float) -> Float:
    """The canonical face with its right brow higher by ``up`` cm."""
    shape = canonical.xyz.copy()
    shape[BROW, 1] += up
    return shape


@pytest.mark.parametrize("up", [-1.0, 0.0, OWN])
def test_brows_that_may_be_at_rest_are_not_raised(canonical: Canonical, up: float) -> None:
    move = BrowRaise(canonical).move(with_right_brow(canonical, up))
    assert np.abs(move).max() < 1e-6


def test_a_raised_brow_moves_its_side_alone_and_no_lid(canonical: Canonical) -> None:
    brows = BrowRaise(canonical)
    move = brows.move(with_right_brow(canonical, 0.8))
    assert np.allclose(move[BROW, 1], 0.8 - OWN, atol=1e-6)
    assert not move[:, [0, 2]].any()
    assert np.abs(move[canonical.mirror[BROW]]).max() < 1e-6
    assert np.abs(move[np.array(LID_PAIRS)]).max() < 1e-6
    assert brows.weights[canonical.mirror[BROW]].min() == 1


def test_a_targets_raised_brow_is_not_drawn_at_rest(canonical: Canonical) -> None:
    # The source is the canonical face; without more the target's brow would sink to there.
    transfer = ShapeTransfer(canonical)
    sinks = [
        -float(transfer.difference(canonical.xyz, with_right_brow(canonical, up))[BROW, 1].mean())
        for up in (OWN, 0.8)
    ]
    assert sinks[0] > 0.7 * OWN
    assert sinks[1] < 1.3 * sinks[0]
