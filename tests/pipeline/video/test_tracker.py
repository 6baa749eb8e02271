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
from appliance.pipeline.media.canvas import Box, Canvas
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
    """An item for each detection in a frame: in how many tiles of it."""
    seen: list[int] = []
    locate = FaceAnalyser.locate

    def counted(
        self: FaceAnalyser, canvas: Canvas, views: Sequence[Box] = ()
    ) -> tuple[Detection, ...]:
        seen.append(len(views))
        return locate(self, canvas, views)

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


def wide(photos: Mapping[str, Photo], *places: tuple[str, int]) -> Image:
    """A frame of 3000 x 400 pixels with faces 50 pixels wide, too small to be seen in the whole."""
    frame = np.full((400, 3000, 3), 150, np.uint8)
    for name, x in places:
        frame[100:220, x : x + 120] = cell(photos[name], 120)
    return frame


@pytest.mark.parametrize("which", [FaceRule.LARGEST, FaceRule.ALL, FaceRule.RIGHT])
def test_a_shot_of_large_frames_begins_with_a_search_of_all_tiles(
    which: FaceRule,
    pipeline: Pipeline,
    photos: Mapping[str, Photo],
    sources: Mapping[str, SourceIdentity],
    detections: list[int],
) -> None:
    frames = [wide(photos, ("b_1", 300), ("c_1", 2600))] * 2
    (seen, again) = tracked(pipeline, sources["d_1"], frames, which)
    lefts = sorted(float(face.points[:, 0].min()) // 1000 for _, face in seen)
    wanted = {FaceRule.ALL: [0, 2], FaceRule.RIGHT: [2]}.get(which, lefts)
    assert lefts == wanted
    assert [track for track, _ in again] == [track for track, _ in seen]
    assert detections == [2]


def test_who_enters_a_large_frame_is_found_as_soon_as_in_a_small_one(
    pipeline: Pipeline,
    photos: Mapping[str, Photo],
    sources: Mapping[str, SourceIdentity],
    detections: list[int],
) -> None:
    one, both = wide(photos, ("b_1", 300)), wide(photos, ("b_1", 300), ("c_1", 2600))
    frames = [one] * 3 + [both] * (DETECTION_INTERVAL + 1)
    found = tracked(pipeline, sources["d_1"], frames, FaceRule.ALL)
    assert [len(tracks) for tracks in found[:3]] == [1] * 3
    assert len(found[-1]) == 2
    # After the first frame no frame is searched in more than one tile, and most in none.
    assert max(detections[1:]) == 1
    assert len(detections) <= 2 + 2 * len(frames) // DETECTION_INTERVAL


def test_an_empty_large_frame_costs_one_tile_now_and_then(
    pipeline: Pipeline,
    photos: Mapping[str, Photo],
    sources: Mapping[str, SourceIdentity],
    detections: list[int],
) -> None:
    frames = [wide(photos)] * 3 + [wide(photos, ("c_1", 2600))] * DETECTION_INTERVAL
    found = tracked(pipeline, sources["d_1"], frames)
    assert detections[0] == 2
    assert max(detections[1:]) == 1
    assert sum(detections[1:]) <= 2
    assert [len(tracks) for tracks in found[:3]] == [0] * 3
    assert len(found[-1]) == 1


def test_who_is_half_hidden_by_another_face_is_left_until_they_come_out(
    pipeline: Pipeline, photos: Mapping[str, Photo], sources: Mapping[str, SourceIdentity]
) -> None:
    behind, before = (cell(photos[name], SIDE)[:, 50:200] for name in ("c_1", "b_1"))
    frames = []
    for x in [*range(180, 70, -10), *range(70, 180, 10)]:  # of the middle of the one behind
        frame = np.full((SIDE, 500, 3), 128, np.uint8)
        frame[:, 100 + x : 250 + x] = behind
        frame[:, 100:250] = before
        frames.append(frame)
    found = tracked(pipeline, sources["d_1"], frames, FaceRule.ALL)
    counts = [len(tracks) for tracks in found]
    assert counts[0] == counts[-1] == 2
    assert 1 in counts
    for tracks in found:
        # No mesh of the one behind lies on the face before it.
        for _, face in tracks:
            middle = float(face.points[:, 0].mean()) - 100
            assert abs(middle - 75) < 15 or middle > 130
