"""Heads of shapes that no network drew, and the light on them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from appliance.pipeline.face_model.canonical import SKIRT_RING, Canonical
from appliance.pipeline.face_model.topology import POINTS
from tests.pipeline.simulation.lit import LAMPS, SIZE, LitHead, log_light
from tests.pipeline.simulation.shapes import SHAPES
from tests.pipeline.simulation.subdivision import Finer


@pytest.fixture(scope="module")
def finer(canonical: Canonical) -> Finer:
    return Finer.of(canonical.triangles[canonical.kind != SKIRT_RING], POINTS)


def test_a_finer_mesh_goes_through_the_points(canonical: Canonical, finer: Finer) -> None:
    fine = finer.smooth @ canonical.xyz
    assert np.allclose(fine[:POINTS], canonical.xyz, atol=1e-3)
    # Not far from straight edges either, and rounder: the tip of the nose stands out.
    bulge = np.linalg.norm(fine - finer.straight @ canonical.xyz, axis=1)
    assert 0.02 < bulge.max() < 0.5


@pytest.mark.parametrize("name", [name for name in SHAPES if name != "plain"])
def test_shapes_are_moves_of_millimetres(canonical: Canonical, name: str) -> None:
    move = np.linalg.norm(SHAPES[name](canonical.xyz), axis=1)
    assert 0.15 < move.max() < 1.0
    assert (move < 0.01).mean() > 0.4


def test_a_nose_casts_a_shadow(lit_heads: Mapping[str, LitHead]) -> None:
    """From above on the lip, and from the side on the cheek that is turned away."""
    head = lit_heads["deviated"]
    high, soft = (head.lit(0, LAMPS[name]) for name in ("high", "soft"))
    lip, nose = high.mesh[[164, 4], :2].astype(int)
    ratio = high.light / np.maximum(soft.light, 0.02)
    assert ratio[lip[1], lip[0]] < 0.5 * ratio[nose[1] - 20, nose[0]]


def test_the_light_of_a_still_head_stays(lit_heads: Mapping[str, LitHead]) -> None:
    head = lit_heads["humped"]
    before = head.lit(40, LAMPS["side"])
    after = head.lit(40, LAMPS["side"], np.zeros_like(head.shape))
    assert before.image.shape == (SIZE[1], SIZE[0], 3)
    assert np.abs(after.shift).max() < 1e-3
    assert np.abs(log_light(before, after)[after.skin]).max() < 1e-3
