"""A corrected face has the target's contrast, level, chroma and whites."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.pipeline.appearance.look.bands import mean
from appliance.pipeline.appearance.look.contrast import DRAWN
from appliance.pipeline.appearance.look.correction import Correction, corrected, correction
from appliance.pipeline.appearance.look.face_look import FaceLook, face_look
from appliance.pipeline.appearance.look.planes import FINE, LookPlanes, to_side
from appliance.pipeline.appearance.tone import BLACK, LUMA, log_colour
from appliance.pipeline.imaging.types import Float
from tests.pipeline.appearance.look.surfaces import grey, noise, surface

ALL = np.ones((FINE, FINE), np.float32)
TONE = log_colour(np.array([150, 120, 105], np.float32))


def texture(logs: Float) -> Float:
    """A texture of skin with the (256, 256, 3) ``logs`` on it."""
    return np.asarray(np.exp(logs + TONE) - BLACK, np.float32)


def matched(planes: LookPlanes, source: Float, target: Float, gain: float = 1.0) -> Float:
    """The (256, 256, 3) log RGB over skin of a source that was made to look like the target."""
    own = face_look(planes, source, ALL)
    change = correction(planes, own, face_look(planes, target, ALL), gain)
    return log_colour(corrected(texture(source), TONE, own.bands.smooth, change)) - TONE


def sizes(planes: LookPlanes, logs: Float) -> Float:
    """The mean size of each band on skin: (5,)."""
    look = face_look(planes, logs, ALL)
    return np.array(
        [mean(np.abs(band), planes.zones(band).measured) for band in look.bands.details]
    )


def test_a_face_that_looks_like_the_target_is_left_as_it_is(planes: LookPlanes) -> None:
    same = grey(surface(0, 0.05))
    skin = planes.fine.measured > 0.9
    off = np.abs(matched(planes, same, same) - same)[skin].mean()
    # Its finest detail alone grows, since drawing it takes some away again.
    assert off < 0.03
    other = grey(surface(100, 0.1))
    assert np.abs(matched(planes, same, other) - same)[skin].mean() > 2 * off


@pytest.mark.parametrize(("own", "wanted"), [(0.05, 0.05), (0.1, 0.06), (0.05, 0.06), (0.14, 0.1)])
def test_every_band_of_skin_gets_the_targets_contrast(
    planes: LookPlanes, own: float, wanted: float
) -> None:
    source, target = grey(surface(0, own)), grey(surface(100, wanted))
    after = sizes(planes, matched(planes, source, target)) / sizes(planes, target)
    # The two finest are made stronger than the target's: drawing them takes some away again.
    assert (after[2:] > 0.8).all()
    assert (after[2:] < 1.25).all()
    assert (after[:2] > 0.9).all()
    assert (after[:2] < 1.7).all()


def test_no_wrinkle_of_the_target_is_drawn_on_a_smooth_source(planes: LookPlanes) -> None:
    skin = planes.fine.measured > 0.9
    source, target = grey(surface(0, 0.01)), grey(surface(100, 0.01))
    _, columns = np.indices((FINE, FINE))
    target += 0.2 * np.cos(columns * (2 * np.pi / 12))[..., None]  # 0.9 cm from one to the next
    after, before = (matched(planes, source, one) for one in (target, grey(surface(100, 0.01))))
    wrinkles = (target @ LUMA)[skin]
    alike = [np.corrcoef((one @ LUMA)[skin], wrinkles)[0, 1] for one in (after, before)]
    assert abs(alike[0] - alike[1]) < 0.1


@pytest.mark.parametrize(("own", "wanted"), [(0.05, 0.065), (0.085, 0.03)])
def test_features_become_as_sharp_as_the_targets_and_keep_their_contrast(
    planes: LookPlanes, own: float, wanted: float
) -> None:
    # Two people whose brows differ in contrast, and pictures that differ in their finest detail.
    source = grey(2 * (surface(0, 0.05) + noise(300, 0.0, own)))
    target = grey(surface(100, 0.05) + noise(400, 0.0, wanted))
    results = [one @ LUMA for one in (source, target, matched(planes, source, target))]
    bands = [face_look(planes, grey(one), ALL).bands.details for one in results]
    brows = planes.fine.feature > 0.99
    sharp = [float(one[0][brows].std() / one[1][brows].std()) for one in bands]
    # Drawing takes some of it away again.
    before, after = (abs(np.log(sharp[at] * DRAWN[0] / DRAWN[1] / sharp[1])) for at in (0, 2))
    assert before > 0.2
    assert after < 0.6 * before
    assert bands[2][1][brows].std() == pytest.approx(bands[0][1][brows].std(), rel=0.2)


def test_skin_as_a_whole_gets_the_targets_level_and_chroma(planes: LookPlanes) -> None:
    source = grey(surface(0, 0.05)) + np.array([0.1, 0, -0.1], np.float32)
    target = grey(surface(100, 0.05) - 0.2)
    after = matched(planes, source, target)
    skin = planes.fine.measured > 0.9
    assert np.mean((after @ LUMA)[skin]) == pytest.approx(np.mean((target @ LUMA)[skin]), abs=0.03)
    before, left = (np.mean(one[..., 0][skin] - one[..., 2][skin]) for one in (source, after))
    assert abs(left) < 0.2 * before


def test_chroma_follows_the_target_region_by_region(planes: LookPlanes) -> None:
    target = grey(surface(100, 0.05))
    target[FINE // 2 :, :, 0] += 0.1  # the lower half of the target is redder
    after = matched(planes, grey(surface(0, 0.05)), target)
    skin = planes.fine.measured > 0.9
    upper, lower = skin.copy(), skin.copy()
    upper[FINE // 2 - 30 :], lower[: FINE // 2 + 30] = False, False
    red = after[..., 0] - after[..., 1]
    assert red[lower].mean() - red[upper].mean() > 0.04


def test_no_white_of_an_eye_outshines_the_targets(planes: LookPlanes) -> None:
    eyes = planes.fine.eyes > 0.9
    source, target = grey(surface(0, 0.03)), grey(surface(100, 0.03))
    source[eyes] += (0.6, 0.6, 0.9)  # blue ones
    target[eyes] += 0.2
    after = matched(planes, source, target)
    assert np.percentile(source[eyes] @ LUMA, 95) > 0.65
    assert np.percentile(after[eyes] @ LUMA, 95) < 0.5
    blue = after[..., 2] - after[..., 1]
    assert np.abs(blue[eyes]).mean() < 0.1
    # Whites that are no brighter than the target's stay.
    dull = grey(surface(0, 0.03))
    dull[eyes] += 0.2
    assert np.percentile(matched(planes, dull, target)[eyes] @ LUMA, 95) > 0.15


def test_what_the_source_lacks_of_the_finest_detail_is_left_to_grain(planes: LookPlanes) -> None:
    smooth, fine = grey(surface(0, 0.01)), grey(surface(100, 0.06))
    skin = planes.broad.measured > 0.9
    lacking = correction(planes, *looks(planes, smooth, fine), 1.0).grain[skin]
    enough = correction(planes, *looks(planes, fine, smooth), 1.0).grain[skin]
    assert lacking.mean() > 0.7
    assert enough.mean() < 0.2


def test_corrections_are_averaged(planes: LookPlanes) -> None:
    one, other = looks(planes, grey(surface(0, 0.05)), grey(surface(100, 0.1)))
    first, second = correction(planes, one, other, 1.0), correction(planes, one, one, 1.0)
    middle = first.towards(second, 0.5)
    for name in ("luma", "chroma", "finest", "grain"):
        wanted = (getattr(first, name) + getattr(second, name)) / 2
        assert np.allclose(getattr(middle, name), wanted, atol=1e-5)


@pytest.mark.parametrize("side", [64, 200, 512])
def test_a_texture_of_any_size_is_corrected_alike(planes: LookPlanes, side: int) -> None:
    source, target = grey(surface(0, 0.05)), grey(surface(100, 0.08))
    own, other = looks(planes, source, target)
    change = correction(planes, own, other, 1.0)
    usual = corrected(texture(source), TONE, own.bands.smooth, change)
    sized = corrected(to_side(texture(source), side), TONE, own.bands.smooth, change)
    assert sized.shape == (side, side, 3)
    assert sized.mean() == pytest.approx(usual.mean(), rel=0.02)


def test_black_stays_black_and_finite(planes: LookPlanes) -> None:
    own, other = looks(planes, grey(surface(0, 0.05)), grey(surface(100, 0.05)))
    change: Correction = correction(planes, own, other, 1.0)
    result = corrected(np.zeros((64, 64, 3), np.float32), TONE, own.bands.smooth, change)
    assert np.isfinite(result).all()
    assert result.min() >= 0


def looks(planes: LookPlanes, source: Float, target: Float) -> tuple[FaceLook, FaceLook]:
    """Both, wholly seen."""
    return face_look(planes, source, ALL), face_look(planes, target, ALL)
