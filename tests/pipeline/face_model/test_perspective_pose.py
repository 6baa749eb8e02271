from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.perspective_pose import DISTANCE, PerspectivePose, angles
from appliance.pipeline.face_model.shape import PoseEstimator
from appliance.pipeline.imaging.types import Float
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.run import SourceIdentity
from tests.pipeline.heads import SIDE, Head
from tests.pipeline.pictures import mesh_source

SIZE = (800, 1000)
FOCAL = 20.0 * DISTANCE  # 20 pixels a canonical cm


def photographed(
    canonical: Canonical, yaw: float, pitch: float, roll: float, at: tuple[float, float] = (0, 0)
) -> tuple[Float, Float]:
    """The canonical face's mesh in a picture, (478, 3), and the rotation (3, 3) that it has.

    ``at``: where the canonical origin is, in canonical cm off the camera's axis.
    """
    y, p, r = np.radians([yaw, pitch, roll])
    turn = np.array([[np.cos(y), 0, -np.sin(y)], [0, 1, 0], [np.sin(y), 0, np.cos(y)]])
    nod = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    tilt = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    rotation = tilt @ turn @ nod @ np.diag([1.0, -1.0, -1.0])
    there = canonical.xyz @ rotation.T + np.array([*at, DISTANCE])
    flat = FOCAL * there[:, :2] / there[:, 2:] + (np.array(SIZE) - 1) / 2
    depth = 20.0 * (there[:, 2:] - DISTANCE)
    return np.hstack([flat, depth]).astype(np.float32), np.asarray(rotation, np.float32)


@given(
    yaw=st.floats(-89, 89),
    pitch=st.floats(-50, 60),
    roll=st.floats(-40, 40),
    at=st.tuples(st.floats(-8, 8), st.floats(-10, 10)),
)
def test_a_pose_is_read_as_it_is(
    canonical: Canonical, yaw: float, pitch: float, roll: float, at: tuple[float, float]
) -> None:
    mesh, rotation = photographed(canonical, yaw, pitch, roll, at)
    found = PerspectivePose(canonical).of(mesh, SIZE)
    assert np.allclose(found.rotation, rotation, atol=2e-3)
    assert np.allclose(found.shift, [*at, DISTANCE], atol=0.05)
    assert found.scale == pytest.approx(20, rel=2e-3)
    assert (found.yaw, found.pitch, found.roll) == pytest.approx(angles(rotation), abs=0.2)


@pytest.mark.parametrize(("yaw", "pitch"), [(40, 0), (-60, 10), (0, 30)])
def test_the_depth_of_the_mesh_does_not_matter(
    canonical: Canonical, yaw: float, pitch: float
) -> None:
    mesh, rotation = photographed(canonical, yaw, pitch, 0)
    mesh[:, 2] *= np.float32(0.5)  # as flat as the network's
    found = PerspectivePose(canonical).of(mesh, SIZE)
    assert (found.yaw, found.pitch) == pytest.approx(angles(rotation)[:2], abs=0.2)
    in_space = angles(PoseEstimator(canonical).pose(mesh)[1])
    # The control: where depth counts, the same mesh is read as turned by much less.
    assert max(abs(yaw - in_space[0]), abs(pitch - in_space[1])) > 4


def test_nearness_is_not_taken_for_a_turn(canonical: Canonical) -> None:
    """A face beside the middle of a picture is seen from its side, though it looks straight on."""
    mesh, _ = photographed(canonical, 0, 0, 0, (12, 0))
    assert PerspectivePose(canonical).of(mesh, SIZE).yaw == pytest.approx(0, abs=0.2)
    wide = (SIZE[0] + 2 * 240, SIZE[1])  # the same picture, its middle where the face is
    assert abs(PerspectivePose(canonical).of(mesh, wide).yaw) > 4


@pytest.mark.parametrize("person", ["b_1", "c_1"])
def test_the_networks_mesh_is_read_within_the_bias_that_is_stated(
    person: str, pipeline: Pipeline, sources: Mapping[str, SourceIdentity]
) -> None:
    canonical = pipeline.analyser.canonical
    head = Head(canonical, mesh_source(sources[person]))
    poses = PerspectivePose(canonical)
    for yaw, low, high in ((0, -3, 3), (20, 16, 22), (45, 35, 44), (-45, -44, -35)):
        rendered = head.render(yaw, noise=1)
        (face,) = pipeline.analyser.faces(Photo(rendered.image).canvas)
        assert low < poses.of(face.mesh, (SIDE, SIDE)).yaw < high
        true = poses.of(rendered.face.mesh, (SIDE, SIDE)).yaw
        assert true == pytest.approx(yaw, abs=2.5)
