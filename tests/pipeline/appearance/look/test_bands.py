"""Bands add up, keep scales apart, and do not carry a brow's darkness onto skin."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.pipeline.appearance.look.bands import FINE_BANDS, Bands, bounded, smoothed
from appliance.pipeline.appearance.look.planes import BROAD, FINE, LookPlanes, to_side
from appliance.pipeline.imaging import images
from tests.pipeline.appearance.look.surfaces import SCALES, noise, surface

ALL = np.ones((FINE, FINE), np.float32)


def test_the_bands_of_a_face_add_up_to_it() -> None:
    luma = surface(0, 0.1)
    bands = Bands.of(luma, ALL)
    fine = sum(bands.details[:FINE_BANDS])
    broad = sum(bands.details[FINE_BANDS:], start=bands.rest)
    assert {band.shape[0] for band in bands.details[:FINE_BANDS]} == {FINE}
    assert {band.shape[0] for band in bands.details[FINE_BANDS:]} == {BROAD}
    # What is broad is stored on fewer texels, so the sum is right but for interpolation.
    assert np.abs(fine + to_side(broad, FINE) - luma)[8:-8, 8:-8].mean() < 0.003
    assert np.allclose(bands.smooth, luma - bands.details[0], atol=1e-5)


@pytest.mark.parametrize("number", range(5))
def test_detail_of_one_scale_is_in_its_own_band(number: int) -> None:
    bands = Bands.of(noise(3, SCALES[number], 0.1), ALL)
    sizes = [float(np.abs(band).mean()) for band in bands.details]
    assert int(np.argmax(sizes)) == number


def test_a_dark_brow_does_not_darken_the_skin_next_to_it(planes: LookPlanes) -> None:
    luma = np.where(planes.fine.feature > 0.5, -1.0, 0.0).astype(np.float32)
    skin = planes.broad.skin > 0.95
    apart = Bands.of(luma, planes.fine.skin)
    together = Bands.of(luma, ALL)
    worst = [max(np.abs(band[skin]).max() for band in one.details[2:]) for one in (apart, together)]
    assert worst[0] < 0.3 * worst[1]


@pytest.mark.parametrize("sigma", [3.0, 6.0, 12.0, 24.0])
def test_smoothing_on_fewer_texels_is_the_same_smoothing(sigma: float) -> None:
    picture = surface(1, 0.1)
    exact = images.blurred(picture, sigma)
    off = (smoothed(picture, sigma) - exact)[8:-8, 8:-8]
    assert off.std() < 0.1 * exact.std()


def test_outliers_are_pulled_in_and_the_rest_stays() -> None:
    band = noise(2, 0, 0.1)
    band[100, 100] = 5
    limited = bounded(band, ALL)
    assert limited[100, 100] < 0.4
    usual = np.abs(band) < 0.25
    assert np.array_equal(limited[usual], band[usual])
    assert np.array_equal(bounded(band, 0 * ALL), band)  # nothing is seen, so nothing is known
