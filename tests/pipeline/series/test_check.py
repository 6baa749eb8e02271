"""A series as a whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from appliance.errors import ModelError
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.series.check import check_series
from appliance.pipeline.series.record import Point, PointName, SeriesRecord, Verdict
from appliance.pipeline.series.seen_photo import SeenPhoto, SeriesEye
from appliance.pipeline.series.views import SERIES, View
from tests.pipeline.heads import Head
from tests.pipeline.series.altered import exposed, from_afar

Turned = Callable[..., SeenPhoto]


def point(found: SeriesRecord, number: int, name: PointName) -> Point:
    return next(one for one in found.photos[number].points if one.name == name)


def smiling(photo: SeenPhoto) -> SeenPhoto:
    assert photo.face is not None
    assert photo.face.measures is not None
    return replace(
        photo, face=replace(photo.face, measures=replace(photo.face.measures, smile=0.2))
    )


@pytest.fixture(scope="module")
def whole(turned: Turned) -> Sequence[SeenPhoto]:
    """One photo of each view, in the order of ``SERIES``."""
    poses = {
        View.FRONT: (0, 0),
        View.OBLIQUE_RIGHT: (45, 0),
        View.OBLIQUE_LEFT: (-45, 0),
        View.PROFILE_RIGHT: (75, 0),
        View.PROFILE_LEFT: (-65, 0),
        View.BASE: (0, 42),
        View.SMILE: (0, 0),
    }
    seen = [turned(*poses[view]) for view in SERIES]
    return [*seen[:-1], smiling(seen[-1])]


def test_a_whole_series_lacks_nothing(whole: Sequence[SeenPhoto]) -> None:
    found = check_series(whole)
    assert [photo.view for photo in found.photos] == list(SERIES)
    assert (found.missing, found.double, found.unrecognised) == ((), (), 0)
    for number in range(len(whole)):
        assert point(found, number, PointName.VIEWS).verdict == Verdict.MET
        # The same head at the same distance in the same light, however it is turned.
        assert "front view" not in found.photos[number].change


def test_missing_and_double_views_are_named(whole: Sequence[SeenPhoto]) -> None:
    found = check_series([whole[0], whole[1], whole[1]])
    assert found.double == ("oblique-right",)
    assert found.missing == ("oblique-left", "profile-right", "profile-left", "base", "smile")
    assert point(found, 0, PointName.VIEWS).verdict == Verdict.MET
    for number in (1, 2):
        assert point(found, number, PointName.VIEWS).verdict == Verdict.MISSED
        assert "keep the best one" in found.photos[number].change.lower()


def test_photos_without_a_view_may_be_what_is_missing(turned: Turned) -> None:
    found = check_series([turned(0), turned(90), turned(-90)])
    assert found.unrecognised == 2
    assert {"profile-right", "profile-left"} < set(found.missing)


def test_every_photo_has_nine_points_and_the_score_counts_those_that_are_met(
    whole: Sequence[SeenPhoto],
) -> None:
    for photo in check_series(whole).photos:
        verdicts = [one.verdict for one in photo.points]
        assert [one.name for one in photo.points] == list(PointName)
        assert photo.score == verdicts.count(Verdict.MET)
        assert photo.judged == 9 - verdicts.count(Verdict.PERSON)
        for name in (PointName.TIMING, PointName.DESCRIPTION):  # never invented
            assert verdicts[list(PointName).index(name)] == Verdict.PERSON
        assert photo.change.count(".") == 1


def test_a_face_of_another_size_than_in_front_is_named(
    eye: SeriesEye, head: Head, turned: Turned
) -> None:
    image = head.render(45, noise=1).image
    smaller = eye.look(Photo(from_afar(image, 0.93)).canvas)
    smallest = eye.look(Photo(from_afar(image, 0.86)).canvas)
    for photo, is_alike in ((turned(45), True), (smaller, True), (smallest, False)):
        assert photo.face is not None
        # Near enough to be judged by its likeness to the front view alone.
        framed = replace(photo, face=replace(photo.face, size=photo.face.size * 1.2))
        front = turned(0)
        assert front.face is not None
        front = replace(front, face=replace(front.face, size=front.face.size * 1.2))
        found = check_series([front, framed])
        assert ("Keep the distance" in found.photos[1].change) is not is_alike
        assert (point(found, 1, PointName.ZOOM).verdict == Verdict.MET) is is_alike


def test_other_light_than_in_front_is_named(eye: SeriesEye, head: Head, turned: Turned) -> None:
    image = head.render(-45, noise=1).image
    warm = image.copy()
    warm[..., 2] = (0.8 * warm[..., 2]).astype(warm.dtype)
    for changed, is_alike in ((image, True), (exposed(image, -1.2), False), (warm, False)):
        found = check_series([turned(0), eye.look(Photo(changed).canvas)])
        assert ("keep the light" in found.photos[1].change.lower()) is not is_alike


def test_nothing_is_compared_with_itself_or_without_a_face(turned: Turned) -> None:
    assert check_series([turned(0)]).photos[0].change == "Nothing to change that can be measured."
    assert check_series([turned(90)]).photos[0].change == "No face found; set points by hand."
    assert check_series([]).missing == tuple(SERIES)


def test_only_the_mesh_engine_has_what_it_takes(pipeline: Pipeline) -> None:
    class Other:
        """An engine of another kind."""

    with pytest.raises(ModelError, match="mesh engine"):
        SeriesEye.of(replace(pipeline, engine=Other()))  # type: ignore[arg-type]
