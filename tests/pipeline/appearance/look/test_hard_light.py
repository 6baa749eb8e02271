"""A source's own shadows and highlights: none harder than the target's."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.pipeline.appearance.look.hard_light import (
    KNEE,
    ROOM,
    limited,
    targets_at_the_border,
    with_dim_shine,
    without_bright_patches,
    without_one_sided_light,
)
from appliance.pipeline.appearance.look.planes import BROAD, LookPlanes, to_side
from appliance.pipeline.imaging.types import Float
from tests.pipeline.appearance.look.surfaces import noise

ALL = np.ones((BROAD, BROAD), np.float32)


def shades(seed: int, strength: float) -> Float:
    """Broad shades of that standard deviation."""
    return to_side(noise(seed, 16, strength), BROAD)


@pytest.mark.parametrize("strength", [0.05, 0.1, 0.2])
def test_the_softer_the_target_the_stricter_the_limit(planes: LookPlanes, strength: float) -> None:
    zones = planes.broad
    result = limited(zones, shades(0, 0.4), shades(1, strength), zones.measured)
    skin = zones.skin > 0.99
    # The limit is near the extremes of the target's own shades: about 1.6 standard deviations.
    assert np.abs(result[skin]).max() < 2.2 * strength + KNEE
    assert np.abs(result[skin]).max() > 1.2 * strength


def test_a_source_as_soft_as_the_target_stays_as_it_is(planes: LookPlanes) -> None:
    soft = shades(0, 0.03)
    result = limited(planes.broad, soft, shades(1, 0.2), planes.broad.measured)
    assert np.allclose(result, soft, atol=1e-6)
    hidden = limited(planes.broad, soft, shades(1, 0.01), 0 * ALL)
    assert np.array_equal(hidden, soft)


def test_no_highlight_burns_out_where_the_target_is_brightest(planes: LookPlanes) -> None:
    # Between the brows too, where no skin is measured: an arched forehead shines there.
    target, glossy = shades(1, 0.3), np.full((BROAD, BROAD), 0.5, np.float32)
    target[:, : BROAD // 2] = 0
    result = limited(planes.broad, glossy, target, planes.broad.measured)
    face = planes.broad.skin + planes.broad.feature > 0.99
    face &= (planes.broad.eyes < 0.01) & (planes.broad.lips < 0.01)
    face[:, BROAD // 2 - 12 :] = False
    assert result[face].max() < ROOM + KNEE + 0.01


def test_brows_and_lips_are_no_shadows(planes: LookPlanes) -> None:
    dark = np.full((BROAD, BROAD), -0.8, np.float32)
    result = limited(planes.broad, dark, shades(1, 0.05), planes.broad.measured)
    features = planes.broad.feature > 0.99
    assert np.allclose(result[features], -0.8, atol=0.02)
    assert result[planes.broad.skin > 0.99].min() > -0.4


def test_no_patch_of_light_stays_beside_a_mouth(planes: LookPlanes) -> None:
    zones = planes.broad
    beside, lips = (zones.mouth > 0.7) & (zones.lips < 0.02), zones.lips > 0.8
    patch = np.where(beside | lips, np.float32(0.5), np.float32(0))
    soft = shades(1, 0.02)
    result = without_bright_patches(zones, patch, soft, zones.measured)
    # What is left is the limit, and that the patch itself makes its surroundings brighter.
    assert np.median(result[beside]) < 0.2
    assert np.median(result[lips]) > 0.4
    # A beard is dark, and a target with patches of its own may have some.
    assert np.allclose(without_bright_patches(zones, -patch, soft, zones.measured)[beside], -0.5)
    spotted = without_bright_patches(zones, patch, shades(1, 1.5), zones.measured)
    assert np.allclose(spotted, patch, atol=0.02)
    assert np.array_equal(without_bright_patches(zones, patch, soft, 0 * ALL), patch)


@pytest.mark.parametrize("strength", [-0.5, 0.5])
def test_a_half_in_shadow_or_glare_takes_the_other_half(
    planes: LookPlanes, strength: float
) -> None:
    left = np.zeros((BROAD, BROAD), np.float32)
    left[:, BROAD // 2 :] = strength
    (result,) = without_one_sided_light(planes.broad, [left])
    cheek = (planes.broad.skin > 0.99) & (planes.broad.measured > 0.9)
    cheek[:, BROAD // 2 - 8 : BROAD // 2 + 8] = False
    assert np.abs(result[cheek]).max() < 0.2 * abs(strength)
    # A shade that both halves have is the face's own.
    both = np.full((BROAD, BROAD), strength, np.float32)
    (kept,) = without_one_sided_light(planes.broad, [both])
    assert np.allclose(kept, both, atol=1e-5)


def test_near_the_outline_and_a_fringe_the_target_shades(planes: LookPlanes) -> None:
    zones = planes.broad
    source, target = np.full_like(ALL, 0.3), np.full_like(ALL, -0.2)
    result = targets_at_the_border(zones, source, target, ALL, ALL)
    skin = zones.skin > 0.99
    assert np.abs(result[skin & (zones.depth < 0.03)] + 0.2).max() < 0.02
    assert np.allclose(result[skin & (zones.depth > 1.2)], 0.3, atol=1e-3)
    below_a_fringe = ALL.copy()
    below_a_fringe[: BROAD // 3] = 0
    result = targets_at_the_border(zones, source, target, below_a_fringe, ALL)
    forehead = skin.copy()
    forehead[BROAD // 3 - 3 :] = False
    assert np.abs(result[forehead] + 0.2).max() < 0.05


def test_shine_keeps_its_strength_in_brighter_light(planes: LookPlanes) -> None:
    glossy = np.full((BROAD, BROAD), 0.4, np.float32)
    skin = planes.broad.skin > 0.99
    assert np.allclose(with_dim_shine(planes.broad, glossy, 2.0)[skin], 0.3, atol=1e-3)
    assert np.array_equal(with_dim_shine(planes.broad, glossy, 0.5), glossy)
    plain = np.full((BROAD, BROAD), 0.2, np.float32)
    assert np.allclose(with_dim_shine(planes.broad, plain, 2.0), plain)
