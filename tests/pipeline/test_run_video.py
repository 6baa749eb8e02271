"""Videos swapped from end to end: every frame, the sound, cuts, faces that come and go."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from appliance.pipeline.face_model.regions import WHOLE_FACE
from appliance.pipeline.face_model.topology import eye_openness, mouth_openness
from appliance.pipeline.imaging.types import Image
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.networks.recogniser import similarity
from appliance.pipeline.run import SourceIdentity, SwapOptions, swap_video
from appliance.pipeline.selection import FaceRule, FaceSelection
from tests.pipeline.media.clips import decode, packets
from tests.pipeline.pictures import cell, mosaic
from tests.pipeline.steadiness import meshes, steadiness
from tests.pipeline.videos import Edited, edited, encoded

SIDE = 240
GREY = np.full((SIDE, SIDE, 3), 128, np.uint8)


@pytest.fixture(scope="session")
def clip(single_face_clip: Path) -> bytes:
    return single_face_clip.read_bytes()


@pytest.fixture(scope="session")
def swapped(pipeline: Pipeline, sources: Mapping[str, SourceIdentity], clip: bytes) -> Edited:
    """The real clip with person b's face, frame by frame before the encoder."""
    return edited(pipeline, sources["b_1"], clip)


# --- the real clip ----------------------------------------------------------------------------


def test_every_frame_of_the_clip_is_swapped(swapped: Edited) -> None:
    report = swapped.report
    assert report is not None
    assert all(swapped.changed)
    assert report.frames == report.frames_swapped == report.faces_swapped == 72
    assert report.similarity_before is not None
    assert report.similarity_after is not None
    assert report.similarity_after > report.similarity_before + 0.3


def test_the_likeness_holds_from_the_first_frame_to_the_last(
    swapped: Edited, pipeline: Pipeline, sources: Mapping[str, SourceIdentity]
) -> None:
    faces = meshes(pipeline, swapped.rgb_after)
    source, target = sources["b_1"].embedding, meshes(pipeline, swapped.rgb_before)
    for index in range(0, 72, 9):
        after = pipeline.analyser.recogniser.embed(swapped.rgb_after[index], faces[index])
        before = pipeline.analyser.recogniser.embed(swapped.rgb_before[index], target[index])
        assert similarity(source, after) > 0.4
        assert similarity(source, after) > similarity(before, after)


def test_pixels_outside_the_support_are_the_targets(swapped: Edited) -> None:
    for before, after, support in zip(swapped.before, swapped.after, swapped.supports, strict=True):
        height, width = support.shape
        assert 0.01 < support.mean() < 0.5
        assert np.array_equal(before[:height][~support], after[:height][~support])
        # A chroma sample stands for four pixels; where none of them may change, nor may it.
        touched = support.reshape(height // 2, 2, width // 2, 2).any(axis=(1, 3))
        chroma = [part[height:].reshape(2, height // 2, width // 2) for part in (before, after)]
        assert np.array_equal(chroma[0][:, ~touched], chroma[1][:, ~touched])


def test_the_expression_of_every_frame_is_kept(swapped: Edited, pipeline: Pipeline) -> None:
    before = meshes(pipeline, swapped.rgb_before)
    after = meshes(pipeline, swapped.rgb_after)
    mouths = np.array(
        [[mouth_openness(face.points) for face in faces] for faces in (before, after)]
    )
    # The clip goes from closed lips to an open smile: the measure has something to keep.
    assert mouths[0].min() < 0.02
    assert mouths[0].max() > 0.1
    assert np.abs(mouths[0] - mouths[1]).mean() < 0.03
    assert np.corrcoef(mouths)[0, 1] > 0.95
    eyes = np.array([[eye_openness(face.points) for face in faces] for faces in (before, after)])
    assert np.abs(eyes[0] - eyes[1]).mean() < 0.03


def test_the_result_is_as_steady_as_the_clip(swapped: Edited, pipeline: Pipeline) -> None:
    assert steadiness(pipeline, swapped.rgb_before, swapped.rgb_after).ratio < 1.2


def test_a_source_of_hard_contrast_adds_no_flicker_of_its_own(
    pipeline: Pipeline, sources: Mapping[str, SourceIdentity], clip: bytes
) -> None:
    result = edited(pipeline, sources["d_1"], clip)
    found = steadiness(pipeline, result.rgb_before, result.rgb_after)
    assert found.ratio / found.contrast < 1.2


def test_the_measure_of_steadiness_sees_flicker(swapped: Edited, pipeline: Pipeline) -> None:
    # A face that is a little brighter in every other frame must not pass for steady.
    bright = [
        np.clip(frame.astype(int) + 6 * (index % 2), 0, 255).astype(np.uint8)
        for index, frame in enumerate(swapped.rgb_after)
    ]
    assert steadiness(pipeline, swapped.rgb_before, bright).ratio > 1.2


@pytest.fixture(scope="session")
def written(pipeline: Pipeline, sources: Mapping[str, SourceIdentity], clip: bytes) -> bytes:
    """The swapped clip as a file."""
    sink = io.BytesIO()
    swap_video(pipeline, sources["b_1"], io.BytesIO(clip), sink, SwapOptions(), container="mp4")
    return sink.getvalue()


def test_times_and_sound_of_the_clip_are_its_own(clip: bytes, written: bytes) -> None:
    before = {track.kind: track for track in packets(clip)}
    after = {track.kind: track for track in packets(written)}
    assert after.keys() == before.keys() == {"video", "audio"}
    assert after["video"].shown == before["video"].shown
    assert after["audio"].codec == before["audio"].codec
    assert after["audio"].data == before["audio"].data
    assert after["audio"].times == before["audio"].times


def test_the_file_shows_what_was_edited(swapped: Edited, written: bytes) -> None:
    frames = decode(written)
    assert len(frames) == len(swapped.after)
    for frame, meant in zip(frames[::12], swapped.after[::12], strict=True):
        off = np.abs(np.array(frame.to_ndarray(), int) - meant)
        assert off.mean() < 3  # the encoder's loss


def test_strength_0_changes_no_frame(
    pipeline: Pipeline, sources: Mapping[str, SourceIdentity], clip: bytes
) -> None:
    result = edited(pipeline, sources["b_1"], clip, SwapOptions(regions={WHOLE_FACE: 0.0}))
    assert not any(result.changed)
    assert result.report is not None
    assert result.report.faces_swapped == result.report.frames_swapped == 0


# --- shots made of portraits ------------------------------------------------------------------


def shot(photo: Photo, frames: int, drift: int = 1) -> list[Image]:
    """A portrait that moves to the right by ``drift`` pixels a frame."""
    picture = np.pad(cell(photo, SIDE), ((0, 0), (60, 60), (0, 0)), mode="edge")
    return [picture[:, 60 - index * drift : 60 - index * drift + SIDE] for index in range(frames)]


def close(a: Sequence[Image], b: Sequence[Image]) -> float:
    """The largest mean difference of two frames."""
    return max(float(np.abs(x.astype(int) - y).mean()) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize(("first", "second"), [("a_2", "c_1"), ("d_1", "b_1"), ("b_1", "c_1")])
def test_after_a_cut_nothing_of_the_last_shot_is_left(
    first: str,
    second: str,
    pipeline: Pipeline,
    photos: Mapping[str, Photo],
    sources: Mapping[str, SourceIdentity],
) -> None:
    one, two = shot(photos[first], 12), shot(photos[second], 12)
    together = edited(pipeline, sources["e_1"], encoded(one + two, "yuv444p"))
    alone = edited(pipeline, sources["e_1"], encoded(two, "yuv444p"))
    assert all(together.changed)
    # The shot that is cut to is, from its first frame on, what it is without the shot before.
    assert close(together.rgb_after[12:], alone.rgb_after) < 0.05
    # … which is not so of a fit that goes on over the cut: the measure tells them apart.
    assert close(together.rgb_after[:12], alone.rgb_after) > 5


def test_a_face_that_leaves_and_comes_back_is_swapped_while_it_is_there(
    pipeline: Pipeline, photos: Mapping[str, Photo], sources: Mapping[str, SourceIdentity]
) -> None:
    there = shot(photos["b_1"], 6)
    away = [np.ascontiguousarray(np.broadcast_to(there[0][:1, :1], there[0].shape))] * 5
    result = edited(pipeline, sources["c_1"], encoded([*there, *away, *there]))
    assert result.changed == [True] * 6 + [False] * 5 + [True] * 6
    assert result.report is not None
    assert result.report.frames == 17
    assert result.report.frames_swapped == result.report.faces_swapped == 12


def test_a_face_that_moves_out_of_the_picture_takes_its_swap_along(
    pipeline: Pipeline, photos: Mapping[str, Photo], sources: Mapping[str, SourceIdentity]
) -> None:
    wide = np.hstack([GREY, cell(photos["b_1"], SIDE), GREY])
    frames = [wide[:, start : start + SIDE] for start in range(SIDE, 2 * SIDE, 12)]
    result = edited(pipeline, sources["c_1"], encoded(frames))
    assert result.changed[0]
    assert not result.changed[-1]  # grey: nothing is drawn where no face is
    gone = result.changed.index(False)
    assert gone > 6
    assert not any(result.changed[gone + 2 :])


def test_a_video_of_nobody_passes_untouched(
    pipeline: Pipeline, sources: Mapping[str, SourceIdentity]
) -> None:
    slope = np.linspace(0, 255, SIDE).astype(np.uint8)
    frames = [
        np.roll(np.repeat(np.tile(slope, (SIDE, 1))[..., None], 3, 2), 5 * i, 1) for i in range(8)
    ]
    data = encoded(frames)
    result = edited(pipeline, sources["b_1"], data)
    assert not any(result.changed)
    report = result.report
    assert report is not None
    assert (report.frames, report.frames_swapped, report.faces_swapped) == (8, 0, 0)
    assert report.similarity_before is None
    assert report.similarity_after is None


@pytest.fixture(scope="module")
def couple(photos: Mapping[str, Photo]) -> bytes:
    """Two people side by side who move apart a little."""
    left, right = shot(photos["b_2"], 10, 0), shot(photos["c_1"], 10, 1)
    return encoded([np.hstack(pair) for pair in zip(left, right, strict=True)])


def halves_changed(result: Edited) -> list[tuple[bool, bool]]:
    halves = []
    for before, after in zip(result.rgb_before, result.rgb_after, strict=True):
        off = (before != after).any(axis=2)
        halves.append((bool(off[:, :SIDE].any()), bool(off[:, SIDE:].any())))
    return halves


@pytest.mark.parametrize(
    ("which", "person", "wanted"),
    [
        (FaceRule.ALL, None, (True, True)),
        (FaceRule.LEFT, None, (True, False)),
        (FaceRule.RIGHT, None, (False, True)),
        (FaceRule.LIKE, "b_1", (True, False)),
        (FaceRule.LIKE, "c_1", (False, True)),
        (FaceRule.LIKE, "a_2", (False, False)),
    ],
)
def test_of_two_people_those_who_are_meant_are_swapped(
    which: FaceRule,
    person: str | None,
    wanted: tuple[bool, bool],
    request: pytest.FixtureRequest,
    pipeline: Pipeline,
) -> None:
    couple: bytes = request.getfixturevalue("couple")
    sources: Mapping[str, SourceIdentity] = request.getfixturevalue("sources")
    choice = FaceSelection(which, sources[person].embedding if person else None)
    result = edited(pipeline, sources["d_1"], couple, SwapOptions(selection=choice))
    assert halves_changed(result) == [wanted] * 10
    assert result.report is not None
    assert result.report.faces_swapped == 10 * sum(wanted)


def test_each_of_many_faces_is_swapped(
    pipeline: Pipeline, photos: Mapping[str, Photo], sources: Mapping[str, SourceIdentity]
) -> None:
    people = [photos[name] for name in ("a_2", "b_1", "c_1", "e_1")]
    frames = [mosaic(people, 2, SIDE)] * 4
    options = SwapOptions(selection=FaceSelection(FaceRule.ALL))
    result = edited(pipeline, sources["d_1"], encoded(frames), options)
    assert result.report is not None
    assert result.report.faces_swapped == 16
    assert result.report.frames_swapped == 4


def test_somebody_who_joins_is_found_before_long(
    pipeline: Pipeline, photos: Mapping[str, Photo], sources: Mapping[str, SourceIdentity]
) -> None:
    alone = [np.hstack([frame, GREY]) for frame in shot(photos["b_1"], 5, 0)]
    both = [np.hstack([frame, cell(photos["c_1"], SIDE)]) for frame in shot(photos["b_1"], 20, 0)]
    # The second person comes out of a fade, which is no cut.
    fade = [
        np.asarray(alone[0] * (1 - share) + both[0] * share, np.uint8)
        for share in np.linspace(0, 1, 8)
    ]
    options = SwapOptions(selection=FaceSelection(FaceRule.ALL))
    result = edited(pipeline, sources["d_1"], encoded([*alone, *fade, *both]), options)
    halves = halves_changed(result)
    assert all(left for left, _ in halves)
    assert not any(right for _, right in halves[:5])
    assert all(right for _, right in halves[-10:])


def test_the_first_frame_of_a_still_video_is_the_last(
    pipeline: Pipeline, photos: Mapping[str, Photo], sources: Mapping[str, SourceIdentity]
) -> None:
    # Nothing moves, so nothing may crawl: what settles over a shot must not be seen settling.
    result = edited(pipeline, sources["c_1"], encoded(shot(photos["b_1"], 30, 0), "yuv444p"))
    steps = [
        float(np.abs(a.astype(int) - b).mean())
        for a, b in zip(result.rgb_after[:-1], result.rgb_after[1:], strict=True)
    ]
    assert max(steps) < 0.4
    assert float(np.abs(result.rgb_after[0].astype(int) - result.rgb_after[-1]).mean()) < 1
