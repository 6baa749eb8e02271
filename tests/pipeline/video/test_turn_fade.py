"""Faces that turn away fade out and in, alike wherever a run-up begins."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.topology import OVAL
from appliance.pipeline.imaging.types import Float
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.pool.coordinator import RUN_UP
from appliance.pipeline.run import SourceIdentity, SwapOptions
from appliance.pipeline.video.turn_fade import TurnFades
from tests.pipeline.heads import Head
from tests.pipeline.pictures import mesh_source
from tests.pipeline.videos import edited, encoded

RATE = 25
# Degrees: towards the camera, then in 8 frames far beyond the limit, there for a second, and back.
THERE, BACK = np.linspace(0, 80, 8), np.linspace(80, 0, 8)
COURSE = np.concatenate([np.zeros(10), THERE, np.full(RATE, 80), BACK, np.zeros(20)])


def turned(face: Face, degrees: float) -> Face:
    """The face with its mesh turned aside."""
    a = np.radians(degrees)
    turn = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    middle = face.mesh[OVAL].mean(axis=0)
    return Face(((face.mesh - middle) @ turn.T + middle).astype(np.float32), face.score)


def shares(pipeline: Pipeline, face: Face, start: int = 0) -> Float:
    """Of every frame of the course from ``start`` on."""
    fades = TurnFades(pipeline.analyser.pose_estimator, pipeline.engine.turn_limits)
    found = [
        fades.shares([(1, turned(face, degrees))], frame / RATE)
        for frame, degrees in enumerate(COURSE)
        if frame >= start
    ]
    return np.array(found, np.float32)[:, 0]


def test_a_face_fades_out_and_in(pipeline: Pipeline, faces: Mapping[str, Face]) -> None:
    found = shares(pipeline, faces["b_1"])
    assert (found[:10] == 1).all()
    assert (found[30:43] == 0).all()
    assert (found[-5:] == 1).all()
    steps = np.diff(found)
    assert np.abs(steps).max() < 0.42  # no frame in which the face springs from one to the other
    assert (steps[:30] <= 0).all()
    assert (steps[30:] >= 0).all()


@pytest.mark.parametrize("start", [5, 14, 20, 40, 48])
def test_after_a_run_up_the_shares_are_the_same(
    start: int, pipeline: Pipeline, faces: Mapping[str, Face]
) -> None:
    whole = shares(pipeline, faces["b_1"])
    segment = shares(pipeline, faces["b_1"], start)
    assert segment[RUN_UP:] == pytest.approx(whole[start + RUN_UP :], abs=0.001)


def test_a_new_face_begins_with_what_it_shows(
    pipeline: Pipeline, faces: Mapping[str, Face]
) -> None:
    fades = TurnFades(pipeline.analyser.pose_estimator, pipeline.engine.turn_limits)
    front, aside = faces["b_1"], turned(faces["b_1"], 80)
    assert fades.shares([(1, front)], 0.0) == [1]
    assert fades.shares([(1, front), (2, aside)], 0.04) == [1, 0]
    assert fades.shares([], 0.08) == []
    assert fades.shares([(1, aside)], 0.12) == [0]


def test_a_film_leaves_the_frames_in_which_the_head_is_turned_away(
    pipeline: Pipeline, sources: Mapping[str, SourceIdentity]
) -> None:
    head = Head(pipeline.analyser.canonical, mesh_source(sources["e_1"]))
    course = [0, 0, 30, 45, 58, *[66] * 13, 50, 30, 10, 0]
    data = encoded([head.render(yaw).image for yaw in course], "yuv444p")
    seen = edited(pipeline, sources["b_1"], data, SwapOptions())
    assert seen.report is not None
    left = seen.changed.count(False)
    assert all(seen.changed[:4] + seen.changed[-2:])
    assert left >= 3
    assert seen.report.faces_turned == seen.report.frames_turned == left
    assert seen.report.frames_swapped == len(course) - left
    # Before it is left the change grows less from frame to frame.
    change = [
        np.abs(after.astype(int) - before).mean()
        for before, after in zip(seen.before, seen.after, strict=True)
    ]
    last = seen.changed.index(False)
    assert change[last - 1] < 0.25 * change[2]
