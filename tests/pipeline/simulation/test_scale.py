"""The scale by a length that was typed."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.perspective_pose import MM
from appliance.pipeline.simulation.camera import standing
from appliance.pipeline.simulation.points import NAMED
from appliance.pipeline.simulation.scale import Scale

SIZE = (900, 1200)
LENGTHS = (("nasion", "pronasale"), ("right-exocanthion", "left-exocanthion"), ("nasion", "menton"))


def test_a_length_in_the_picture() -> None:
    scale = Scale.of_length(np.array([10, 20], np.float32), np.array([10, 85], np.float32), 32.5)
    assert (scale.mm, scale.by) == (0.5, "length")


def test_the_shorter_the_length_the_larger_its_error() -> None:
    one, other = np.zeros(2, np.float32), np.array([100, 0], np.float32)
    errors = [Scale.of_length(one, other, length).error for length in (10, 30, 100)]
    assert errors[0] > 2 * errors[1] > 2 * errors[2] >= 0.03


@pytest.mark.parametrize("yaw", [0, 25, 50])
@pytest.mark.parametrize("names", LENGTHS)
def test_a_length_between_points_may_run_slantwise(
    canonical: Canonical, yaw: float, names: tuple[str, str]
) -> None:
    stands = standing(SIZE, 330, yaw)
    solid = canonical.xyz * np.float32(MM)
    laid = stands.laid(solid)
    one, other = (NAMED[name].index for name in names)
    length = float(np.linalg.norm(solid[one] - solid[other]))
    scale = Scale.of_length(laid[one], laid[other], length)
    middle = stands.mm * (solid @ stands.rotation.T + stands.shift)[:, 2].mean() / stands.shift[2]
    assert scale.mm == pytest.approx(middle, rel=0.025)
