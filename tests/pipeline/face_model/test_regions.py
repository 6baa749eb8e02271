"""The regions a clinician names."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import ApplianceError
from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.regions import (
    REGIONS,
    WHOLE_FACE,
    distance_to_outline,
    feature_weights,
    fold_weights,
    hair_prior,
    lip_weights,
    orbit_weights,
    point_strengths,
    region_weights,
)
from appliance.pipeline.face_model.topology import (
    INNER_LIPS,
    LEFT_EYE,
    OUTER_LIPS,
    OVAL,
    RIGHT_EYE,
)

# A point in the very middle of each region.
MIDDLES = {
    "nose": 4,
    "jaw": 152,
    "cheeks": 50,
    "lips": 13,
    "eyes": 159,
    "brows": 105,
    "forehead": 151,
}


def test_the_shares_of_a_point_add_up_to_1(canonical: Canonical) -> None:
    parts = region_weights(canonical)
    assert tuple(parts) == REGIONS
    together = np.stack(list(parts.values()))
    assert (together >= 0).all()
    assert np.allclose(together.sum(axis=0), 1, atol=1e-5)


@pytest.mark.parametrize(("name", "point"), MIDDLES.items())
def test_the_middle_of_a_region_is_its_own(name: str, point: int, canonical: Canonical) -> None:
    parts = region_weights(canonical)
    assert max(parts, key=lambda part: parts[part][point]) == name
    assert parts[name][point] > 0.6
    # The other half of the face belongs to the same region.
    assert parts[name][canonical.mirror[point]] == pytest.approx(parts[name][point], abs=0.02)


def test_a_strength_of_the_face_is_one_everywhere(canonical: Canonical) -> None:
    assert np.allclose(point_strengths(canonical, {WHOLE_FACE: 0.7}), 0.7, atol=1e-5)
    assert not point_strengths(canonical, {}).any()
    assert not point_strengths(canonical, {WHOLE_FACE: 0}).any()


def test_a_region_named_goes_before_the_face(canonical: Canonical) -> None:
    strength = point_strengths(canonical, {WHOLE_FACE: 1.0, "nose": 0.0})
    assert strength[MIDDLES["nose"]] < 0.2
    assert strength[MIDDLES["forehead"]] > 0.95
    assert point_strengths(canonical, {"nose": 0.6})[152] < 1e-3  # the chin keeps out of it


@given(st.dictionaries(st.sampled_from((*REGIONS, WHOLE_FACE)), st.floats(0, 1), max_size=8))
def test_strengths_stay_within_what_was_asked_for(wanted: dict[str, float]) -> None:
    strength = point_strengths(CANONICAL[0], wanted)
    values = [wanted.get(name, wanted.get(WHOLE_FACE, 0.0)) for name in REGIONS]
    assert strength.min() >= min(values) - 1e-5
    assert strength.max() <= max(values) + 1e-5


CANONICAL: list[Canonical] = []  # hypothesis does not take fixtures that outlive an example


@pytest.fixture(autouse=True, scope="module")
def _keep(canonical: Canonical) -> None:
    CANONICAL[:] = [canonical]


@pytest.mark.parametrize("name", ["ear", "Nose", "", "nose "])
def test_an_unknown_region_is_refused_with_the_known_ones(name: str, canonical: Canonical) -> None:
    # A misspelt region that passed would silently change nothing.
    with pytest.raises(ApplianceError) as refused:
        point_strengths(canonical, {name: 0.5})
    assert repr(name) in refused.value.message
    assert all(known in refused.value.hint for known in (*REGIONS, WHOLE_FACE))


@pytest.mark.parametrize("value", [-0.01, 1.01, math.inf, -math.inf, math.nan])
def test_a_strength_outside_0_to_1_is_refused(value: float, canonical: Canonical) -> None:
    # More than the whole difference would invent a face that no person has.
    with pytest.raises(ApplianceError) as refused:
        point_strengths(canonical, {"nose": value})
    assert "'nose'" in refused.value.message
    assert point_strengths(canonical, {"nose": 1.0}).max() > 0.6  # the sound case


def test_what_has_a_colour_of_its_own_is_not_skin(canonical: Canonical) -> None:
    own = feature_weights(canonical)
    assert own.min() >= 0
    assert own.max() <= 1
    assert (own[np.concatenate([INNER_LIPS, RIGHT_EYE, LEFT_EYE])] > 0.9).all()
    assert own[[50, 280, 10, 4]].max() < 0.2  # cheeks, forehead, tip of the nose


def test_hair_is_looked_for_on_the_forehead_first(canonical: Canonical) -> None:
    doubt = hair_prior(canonical)
    assert doubt[10] > 0.9
    assert 0.3 < doubt[234] < 0.6  # in front of the ear
    assert doubt[[50, 4, 13, 152]].max() < 0.05


def test_the_inset_is_0_on_the_oval_and_largest_in_the_middle(canonical: Canonical) -> None:
    depth = distance_to_outline(canonical)
    assert depth[OVAL].max() < 1e-4
    assert depth[4] > 5


def test_the_orbits_hold_lids_and_bags_and_no_brow(canonical: Canonical) -> None:
    right, left = orbit_weights(canonical)
    assert right[RIGHT_EYE].min() > 0.9
    assert left[LEFT_EYE].min() > 0.9
    assert 0.05 < right[230] < 0.95  # the bag fades into the cheek
    assert right[[50, 4, 152]].max() == 0
    assert right[[105, 66]].max() < 0.1  # the brow
    assert np.allclose(right, left[canonical.mirror], atol=0.05)


def test_the_lips_end_before_the_nose_and_the_chin(canonical: Canonical) -> None:
    lips = lip_weights(canonical)
    assert lips[np.concatenate([INNER_LIPS, OUTER_LIPS])].min() == 1
    assert lips[[2, 152, 205, 425, 200]].max() == 0


def test_the_folds_of_a_smile_lie_between_cheek_and_mouth(canonical: Canonical) -> None:
    folds = fold_weights(canonical)
    assert folds[[206, 426, 216, 436]].min() == 1
    assert folds[[4, 50, 280, 13, 152, 17]].max() == 0
    assert np.allclose(folds, folds[canonical.mirror], atol=0.05)
