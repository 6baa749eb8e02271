from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.pipeline.face_model.perspective_pose import HeadPose
from appliance.pipeline.series.judgement import view_in
from appliance.pipeline.series.seen_photo import SeenPhoto
from appliance.pipeline.series.views import SERIES, SeenPose, View, nominal_yaw, view_of

CERTAIN = 20.0  # logit


def read(yaw: float, logit: float = CERTAIN, pitch: float = 0.0) -> SeenPose:
    pose = HeadPose(yaw, pitch, 0.0, np.eye(3, dtype=np.float32), np.zeros(3, np.float32), 1e3)
    return SeenPose.of(pose, logit)


@pytest.mark.parametrize(
    ("yaw", "pitch", "view"),
    [
        (0, 0, View.FRONT),
        (45, 0, View.OBLIQUE_RIGHT),
        (-45, 0, View.OBLIQUE_LEFT),
        (75, 0, View.PROFILE_RIGHT),
        (-65, 0, View.PROFILE_LEFT),
        (0, 42, View.BASE),
    ],
)
def test_a_rendered_head_is_the_view_that_it_was_turned_to(
    yaw: float, pitch: float, view: View, turned: Callable[[float, float], SeenPhoto]
) -> None:
    assert view_in(turned(yaw, pitch)) is view


@pytest.mark.parametrize("yaw", [0, 20, 45, -45])
def test_the_yaw_of_a_rendered_head_is_read_within_five_degrees(
    yaw: float, turned: Callable[[float], SeenPhoto]
) -> None:
    face = turned(yaw).face
    assert face is not None
    assert face.pose.yaw == pytest.approx(yaw, abs=5)


def test_the_networks_bias_is_taken_off() -> None:
    assert read(38.2).yaw == pytest.approx(44.4)
    assert read(-38.2).yaw == pytest.approx(-44.4)
    assert read(0).yaw == 0


@given(first=st.floats(-60, 60), second=st.floats(-60, 60))
def test_a_head_that_turns_further_is_never_read_as_less(first: float, second: float) -> None:
    low, high = sorted((first, second))
    assert read(low).yaw <= read(high).yaw


def test_only_the_side_is_known_where_the_mesh_folds() -> None:
    assert view_of(read(30, logit=3), smiles=False) is View.PROFILE_RIGHT
    assert view_of(read(-30, logit=3), smiles=True) is View.PROFILE_LEFT
    assert view_of(read(30), smiles=False) is View.OBLIQUE_RIGHT
    # Faces that are out of focus have a low score, too.
    assert view_of(read(5, logit=3), smiles=False) is View.FRONT


def test_a_smile_is_a_view_from_the_front_alone() -> None:
    assert view_of(read(0), smiles=True) is View.SMILE
    assert view_of(read(40), smiles=True) is View.OBLIQUE_RIGHT
    assert view_of(read(0, pitch=40), smiles=True) is View.BASE


@pytest.mark.parametrize(("yaw", "pitch"), [(0, -30), (40, 30)])
def test_a_pose_that_is_no_view_is_unknown(yaw: float, pitch: float) -> None:
    assert view_of(read(yaw, pitch=pitch), smiles=False) is View.UNKNOWN


def test_every_view_has_the_pose_that_it_is_told_by() -> None:
    for view in SERIES:
        pose = SeenPose(nominal_yaw(view), 45.0 if view is View.BASE else 0.0, is_folded=False)
        assert view_of(pose, smiles=view is View.SMILE) is view
