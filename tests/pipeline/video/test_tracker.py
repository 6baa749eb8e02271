"""Faces through frames: detected, tracked, lost, and new ones after a cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from appliance.pipeline.analysis.analyser import FaceAnalyser
from appliance.pipeline.face_model.face import Detection, Face
from appliance.pipeline.face_model.topology import POINTS, eye_distance
from appliance.pipeline.imaging.types import Image
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.canvas import Canvas
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.run import SourceIdentity
from appliance.pipeline.selection import FaceRule, FaceSelection
from appliance.pipeline.video.tracker import DETECTION_INTERVAL, FaceTrack, Tracker
from tests.pipeline.pictures import cell, error

SIDE = 300
STEP = 1 / 25
GREY = np.full((SIDE, SIDE, 3), 128, np.uint8)


@pytest.fixture
def detections(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """An item for each detection in a whole picture."""
    seen: list[int] = []
    locate = FaceAnalyser.locate

    def counted(self: FaceAnalyser, canvas: Canvas, size: int = 640) -> tuple[Detection, ...]:
        seen.append(size)
        return locate(self, canvas, size)

    monkeypatch.setattr(FaceAnalyser, "locate", counted)
    return seen


def tracked(
    pipeline: Pipeline,
    person: SourceIdentity,
    frames: Sequence[Image],
    which: FaceRule = FaceRule.LARGEST,
) -> list[list[tuple[FaceTrack, Face]]]:
    strength = np.ones(POINTS, np.float32)
    tracker = Tracker(
        pipeline.analyser, FaceSelection(which), person.prepared.shots(strength, video=True)
    )
    return [
        tracker.update(Photo(np.ascontiguousarray(frame)).canvas, index * STEP)
        for index, frame in enumerate(frames)
    ]


def test_a_face_is_one_track_and_is_detected_now_and_then(
    pipeline: Pipeline,
    photos: Mapping[str, Photo],
    sources: Mapping[str, SourceIdentity],
    detections: list[int],
) -> None:
    count = 2 * DETECTION_INTERVAL + 3
    frames = [np.roll(cell(photos["b_1"], SIDE), index // 2, axis=1) for index in range(count)]
    found = tracked(pipeline, sources["c_1"], frames)
    assert all(len(tracks) == 1 for tracks in found)
    (track,) = {id(tracks[0][0]): tracks[0][0] for tracks in found}.values()
    assert track.frames == count
    # While the one chosen face is tracked, no frame is searched again.
    assert len(detections) <= 1 + count // DETECTION_INTERVAL
    # The stabilised mesh is where the face is.
    last = pipeline.analyser.faces(Photo(np.ascontiguousarray(frames[-1])).canvas)[0]
    assert error(found[-1][0][1], last) < 0.03


def test_a_cut_starts_a_new_track(
    pipeline: Pipeline, photos: Mapping[str, Photo], sources: Mapping[str, SourceIdentity]
) -> None:
    one, two = cell(photos["a_2"], SIDE), cell(photos["c_1"], SIDE)
    found = tracked(pipeline, sources["b_1"], [one] * 4 + [two] * 4)
    first, second = found[3][0][0], found[4][0][0]
    assert first is found[0][0][0]
    assert second is found[7][0][0]
    assert second is not first
    assert second.frames == 4
    assert second.shot is not first.shot


def test_a_moving_camera_is_not_a_cut(
    pipeline: Pipeline, photos: Mapping[str, Photo], sources: Mapping[str, SourceIdentity]
) -> None:
    wide = np.pad(cell(photos["b_1"], SIDE), ((0, 0), (60, 60), (0, 0)), mode="edge")
    frames = [wide[:, start : start + SIDE] for start in range(90, 30, -6)]
    found = tracked(pipeline, sources["c_1"], frames)
    assert len({id(tracks[0][0]) for tracks in found}) == 1


def test_a_lost_face_is_searched_for_in_every_frame(
    pipeline: Pipeline,
    photos: Mapping[str, Photo],
    sources: Mapping[str, SourceIdentity],
    detections: list[int],
) -> None:
    there = cell(photos["b_1"], SIDE)
    found = tracked(pipeline, sources["c_1"], [there] * 3 + [GREY] * 4 + [there] * 3)
    assert [len(tracks) for tracks in found] == [1] * 3 + [0] * 4 + [1] * 3
    assert len(detections) >= 1 + 4 + 1
    assert found[7][0][0] is not found[0][0][0]


def test_two_people_are_two_separate_tracks(
    pipeline: Pipeline, photos: Mapping[str, Photo], sources: Mapping[str, SourceIdentity]
) -> None:
    pair = np.hstack([cell(photos["b_1"], SIDE), cell(photos["c_1"], SIDE)])
    found = tracked(pipeline, sources["d_1"], [pair] * (DETECTION_INTERVAL + 3), FaceRule.ALL)
    assert all(len(tracks) == 2 for tracks in found)
    tracks: dict[int, list[float]] = {id(track): [] for track, _ in found[0]}
    for frame in found:
        for track, face in frame:
            tracks[id(track)].append(float(face.points[:, 0].mean()))
    sides = sorted(np.mean(places) for places in tracks.values())
    assert sides[0] < SIDE < sides[1]
    assert all(np.ptp(places) < 3 for places in tracks.values())


def test_a_track_ends_when_its_face_leaves_the_picture(
    pipeline: Pipeline, photos: Mapping[str, Photo], sources: Mapping[str, SourceIdentity]
) -> None:
    wide = np.hstack([GREY, cell(photos["b_1"], SIDE), GREY])
    frames = [wide[:, start : start + SIDE] for start in range(SIDE, 2 * SIDE, 15)]
    found = tracked(pipeline, sources["c_1"], frames)
    assert found[0]
    assert not found[-1]
    for frame, tracks in zip(frames, found, strict=True):
        for _, face in tracks:
            # While it is tracked, at least a part of the face is in the picture.
            assert face.points[:, 0].max() > 0
            assert eye_distance(face.points) > 0.1 * frame.shape[1]
