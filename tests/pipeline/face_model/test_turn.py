"""How far a face may be turned, on rendered heads whose pose is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.turn import TurnLimits, off_axis
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.run import SourceIdentity
from tests.pipeline.heads import Head
from tests.pipeline.pictures import mesh_source


@pytest.fixture(scope="module")
def head(pipeline: Pipeline, sources: Mapping[str, SourceIdentity]) -> Head:
    return Head(pipeline.analyser.canonical, mesh_source(sources["d_1"]))


def share(pipeline: Pipeline, face: Face) -> float:
    return pipeline.engine.turn_limits.share(face, pipeline.analyser.pose_estimator)


@pytest.mark.parametrize(("yaw", "pitch"), [(0, 0), (40, 0), (0, 30), (-25, -25)])
def test_a_face_that_shows_well_is_changed_in_full(
    yaw: float, pitch: float, pipeline: Pipeline, head: Head
) -> None:
    (face,) = pipeline.analyser.faces(Photo(head.render(yaw, pitch).image).canvas)
    assert share(pipeline, face) == 1


# The mesh of the second head is turned by 38 degrees alone: its score gives it away.
@pytest.mark.parametrize(("yaw", "pitch"), [(62, 0), (-60, 0), (75, 0), (-40, -35), (0, -52)])
def test_a_face_that_is_turned_further_is_left(
    yaw: float, pitch: float, pipeline: Pipeline, head: Head
) -> None:
    for face in pipeline.analyser.faces(Photo(head.render(yaw, pitch).image).canvas):
        assert share(pipeline, face) == 0


def test_between_the_limits_the_share_falls(pipeline: Pipeline, faces: Mapping[str, Face]) -> None:
    estimator, face = pipeline.analyser.pose_estimator, faces["b_1"]
    angle = off_axis(face, estimator)
    limits = [TurnLimits(angle + off - 4, angle + off + 4) for off in (5, 2, 0, -2, -5)]
    shares = [one.share(face, estimator) for one in limits]
    assert shares == sorted(shares, reverse=True)
    assert (shares[0], shares[-1]) == (1, 0)
    assert shares[2] == pytest.approx(0.5, abs=0.01)
    allowed = [one.allow(face, estimator) for one in limits]
    assert (allowed[1], allowed[3]) == (True, False)


def test_a_doubtful_score_counts_for_turned_faces_alone(
    pipeline: Pipeline, head: Head, faces: Mapping[str, Face]
) -> None:
    # A frontal face has such a score where a hand covers it, and is changed all the same.
    (aside,) = pipeline.analyser.faces(Photo(head.render(40).image).canvas)
    assert share(pipeline, replace(aside, score=0.999)) == 0
    assert 0 < share(pipeline, replace(aside, score=0.99993)) < 1
    assert share(pipeline, replace(faces["b_1"], score=0.9)) == 1
