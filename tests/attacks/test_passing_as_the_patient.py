"""Attacks on the gate that lets a face be applied to its own person only.

Who attacks has photos of a patient, and wants that face on another person's. They bring films in
which the patient is seen long enough to be measured, or a face that no measurement fits.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest

from appliance.audit.entries import events
from appliance.audit.service.embedded import EmbeddedAudit
from appliance.errors import NotSamePersonError
from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from appliance.inference.trust import INSPECTION
from appliance.pipeline.analysis.same_person import SamePersonWatch
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.decode import Photo, read_photo
from appliance.pipeline.networks.recogniser import Recogniser, similarity
from appliance.pipeline.pool.coordinator import PoolEditor
from appliance.pipeline.run import (
    SourceIdentity,
    SwapOptions,
    SwapReport,
    read_source,
    swap_photo,
    swap_video,
)
from appliance.pipeline.selection import SAME_PERSON, FaceRule, FaceSelection
from appliance.pipeline.video.frame_editor import VideoEditor
from appliance.policy.policy import Gate
from appliance.worker.policy_gates import PolicyGates
from tests.attacks.cosines import best_of_each_track, cosines_by_track
from tests.attacks.films import centred, dimmed, dissolve, joined, shaken, still
from tests.inference.packs import write_standins
from tests.paths import PORTRAITS
from tests.pipeline.pictures import with_closed_eyes
from tests.pipeline.pool.test_pool import started_pool
from tests.pipeline.videos import edited, encoded
from tests.worker.process import SESSION, logged_events

GATED = SwapOptions(likeness=False, same_person_from=SAME_PERSON)


@pytest.fixture(scope="module")
def pipeline(pack: ModelPack, runtime: Runtime) -> Pipeline:
    return Pipeline.load(pack, runtime)


@pytest.fixture(scope="module")
def faces(pipeline: Pipeline, portraits: Mapping[str, Path]) -> Mapping[str, Image]:
    """Portraits of the patient (a) and of others, each face at the same place."""
    photos = {name: read_photo(path.read_bytes()) for name, path in portraits.items()}
    return {
        name.removeprefix("person_"): centred(photo, pipeline.analyser.faces(photo.canvas)[0])
        for name, photo in photos.items()
    }


@pytest.fixture(scope="module")
def patient(pipeline: Pipeline, portraits: Mapping[str, Path]) -> SourceIdentity:
    """From another photo than the films are made of."""
    return read_source(pipeline, [read_photo(portraits["person_a_1"].read_bytes())])


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PolicyGates]:
    """The gate of a policy that asks for one person."""
    with EmbeddedAudit(tmp_path_factory.mktemp("gate") / "ledger") as audit:
        yield PolicyGates(Gate(), SESSION, audit.client)


def report_of(
    pipeline: Pipeline,
    person: SourceIdentity,
    film: bytes,
    options: SwapOptions = GATED,
    editor: VideoEditor | None = None,
) -> SwapReport:
    return swap_video(
        pipeline, person, io.BytesIO(film), io.BytesIO(), options, container="mp4", editor=editor
    )


def is_released(gate: PolicyGates, person: SourceIdentity, report: SwapReport) -> bool:
    try:
        gate.same_person(1, person, report)
    except NotSamePersonError:
        return False
    return True


def test_no_face_becomes_another_person_s_within_a_shot(
    pipeline: Pipeline, patient: SourceIdentity, gate: PolicyGates, faces: Mapping[str, Image]
) -> None:
    one, other = faces["a_2"], faces["b_1"]
    morph = encoded(joined(still(one, 5), dissolve(one, other, 20), still(other, 15)))
    # The attack has its means: there is no cut, the last frames show another person, and the
    # best moment of the track would let all of it through.
    cosines = cosines_by_track(pipeline, patient, morph)
    assert len(cosines) == 1
    assert max(cosines[1][-15:]) < 0.1
    assert best_of_each_track(cosines) >= SAME_PERSON
    assert not is_released(gate, patient, report_of(pipeline, patient, morph))
    alone = report_of(pipeline, patient, encoded(still(one, 40)))
    assert alone.faces_swapped == 40
    assert is_released(gate, patient, alone)


@pytest.mark.parametrize("moment", [(1, 4, 25), (3, 4, 25), (2, 6, 1), (2, 6, 500)])
def test_no_face_is_shown_for_a_moment_between_two_measurements(
    pipeline: Pipeline,
    patient: SourceIdentity,
    gate: PolicyGates,
    faces: Mapping[str, Image],
    moment: tuple[int, int, int],
) -> None:
    """Frames that show the other, frames of each way there and back, and frames a second."""
    one, other = faces["a_2"], faces["b_1"]
    shown, way, rate = moment
    there, back = dissolve(one, other, way), dissolve(other, one, way)
    film = encoded(
        joined(still(one, 8), there, still(other, shown), back, still(one, 8)), rate=rate
    )
    cosines = cosines_by_track(pipeline, patient, film)
    assert best_of_each_track(cosines) >= SAME_PERSON
    assert min(map(min, cosines.values())) < 0.1
    assert not is_released(gate, patient, report_of(pipeline, patient, film))


def test_who_enters_later_is_measured_at_once(
    pipeline: Pipeline, patient: SourceIdentity, gate: PolicyGates, faces: Mapping[str, Image]
) -> None:
    empty = np.full_like(faces["a_2"], 128)
    entrance = joined(still(faces["a_2"], 6), still(empty, 3))
    film = encoded(joined(entrance, still(faces["c_1"], 1), still(empty, 2)))
    report = report_of(pipeline, patient, film)
    assert report.faces_swapped == 7  # the other person was there to be changed
    assert not is_released(gate, patient, report)
    returning = encoded(joined(entrance, still(faces["a_2"], 2)))
    assert is_released(gate, patient, report_of(pipeline, patient, returning))


def test_no_one_takes_the_patient_s_place_in_the_dark(
    pipeline: Pipeline, patient: SourceIdentity, gate: PolicyGates, faces: Mapping[str, Image]
) -> None:
    def fading(into: Image) -> bytes:
        lights = np.linspace(1, 0.02, 12)
        out = [dimmed(faces["a_2"], light) for light in lights]
        return encoded(joined(out, [dimmed(into, light) for light in lights[::-1]]))

    taken = fading(faces["b_1"])
    assert len(cosines_by_track(pipeline, patient, taken)) == 1  # followed through the dark
    assert not is_released(gate, patient, report_of(pipeline, patient, taken))
    assert is_released(gate, patient, report_of(pipeline, patient, fading(faces["a_2"])))


@pytest.mark.parametrize("hidden", ["blurred", "dark"])
def test_a_face_that_cannot_be_recognised_is_not_changed(
    pipeline: Pipeline,
    patient: SourceIdentity,
    gate: PolicyGates,
    faces: Mapping[str, Image],
    hidden: str,
) -> None:
    one, other = faces["a_2"], faces["b_1"]
    unseen = shaken(other, 31) if hidden == "blurred" else dimmed(other, 0.03)
    film = encoded(joined(still(one, 8), still(unseen, 10), still(one, 8)))
    free = edited(pipeline, patient, film, SwapOptions(likeness=False))
    gated = edited(pipeline, patient, film, GATED)
    assert all(gated.changed[:8])
    assert all(gated.changed[18:])
    assert not any(gated.changed[8:18])
    assert sum(free.changed[8:18]) >= (10 if hidden == "blurred" else 0)
    assert gated.report is not None
    assert is_released(gate, patient, gated.report)


def test_a_film_of_the_patient_may_be_jerky_and_dark_and_they_may_blink(
    pipeline: Pipeline, patient: SourceIdentity, gate: PolicyGates, faces: Mapping[str, Image]
) -> None:
    one = faces["a_2"]
    face = pipeline.analyser.faces(Photo(one).canvas)[0]
    closed = with_closed_eyes(one, face, pipeline.analyser.canonical)
    film = joined(still(one, 6), still(closed, 3), still(one, 6))
    for pixels in (9, 17, 25, 31):
        film += joined(still(shaken(one, pixels), 4), still(one, 6))
    for light in (0.1, 0.05, 0.0):
        film += joined(still(dimmed(one, light), 30), still(one, 6))
    report = report_of(pipeline, patient, encoded(film))
    assert report.faces_swapped > 70
    assert is_released(gate, patient, report)


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_standins(tmp_path_factory.mktemp("pack"), "inswapper", "arcface")


@pytest.fixture(scope="module")
def generating(generator: Path, runtime: Runtime) -> Pipeline:
    return Pipeline.load(ModelPack.open(), runtime, [ModelPack.open(generator, INSPECTION)])


def test_members_of_a_pool_look_as_well(
    generator: Path,
    generating: Pipeline,
    patient: SourceIdentity,
    gate: PolicyGates,
    faces: Mapping[str, Image],
) -> None:
    one, other = faces["a_2"], faces["b_1"]
    films = {
        False: encoded(joined(still(one, 22), dissolve(one, other, 5), still(other, 1))),
        True: encoded(still(one, 28)),
    }
    which = f"largest:{SAME_PERSON}"
    for expected, film in films.items():
        with started_pool(generator, PORTRAITS / "person_a_1.jpg", which) as pool:
            pool.wait_until_ready()
            editor = PoolEditor(pool.memory, pool.channels, 16, 6)
            report = report_of(generating, patient, film, editor=editor)
        assert report.faces_watched == report.faces_swapped == 28
        assert is_released(gate, patient, report) is expected
        alone = report_of(generating, patient, film)
        assert is_released(gate, patient, alone) is expected


def test_a_network_that_gives_no_number_recognises_no_one(
    pipeline: Pipeline,
    patient: SourceIdentity,
    gate: PolicyGates,
    faces: Mapping[str, Image],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    photo, film = Photo(faces["a_2"]), encoded(still(faces["a_2"], 8))
    _, report = swap_photo(pipeline, patient, photo, GATED)
    assert is_released(gate, patient, report)
    embed, count = Recogniser.embed_crop, 0

    def fails_at_the_second(self: Recogniser, crop: Image) -> Float:
        nonlocal count
        count += 1
        return embed(self, crop) * np.float32(math.nan if count > 1 else 1)

    monkeypatch.setattr(Recogniser, "embed_crop", fails_at_the_second)
    assert not is_released(gate, patient, report_of(pipeline, patient, film))
    assert count > 1
    _, report = swap_photo(pipeline, patient, photo, GATED)
    assert not is_released(gate, patient, report)
    # One number that is none spoils all photos of a source, wherever it is among them.
    photos = [Photo(faces["a_1"]), Photo(faces["a_2"])]
    count = 0
    person = read_source(pipeline, photos)
    assert count == 2
    assert not person.agreement >= SAME_PERSON
    likeness = FaceSelection(FaceRule.LIKE, np.full(128, math.nan, np.float32))
    face = pipeline.analyser.faces(photo.canvas)[0]
    assert likeness.select([face, face], [patient.embedding, patient.embedding]) == []


@pytest.mark.parametrize(
    ("agreement", "least"),
    [
        (0.99, math.nan),
        (math.nan, 0.99),
        (0.99, math.inf),
        (math.inf, math.inf),
        (0.99, None),
        (0.99, -0.5),
        (0.3, 0.99),
        (0.99, 0.3),
    ],
)
def test_doubt_denies_and_the_ledger_does_not_call_it_alike(
    tmp_path: Path, patient: SourceIdentity, agreement: float, least: float | None
) -> None:
    assert min(0.99, math.nan) == 0.99  # how it was let through once
    person = SourceIdentity(patient.prepared, patient.embedding, agreement)
    with EmbeddedAudit(tmp_path / "ledger") as audit:
        gate = PolicyGates(Gate(), SESSION, audit.client)
        assert not is_released(gate, person, _report(least))
        assert is_released(gate, patient, _report(0.99))
    doubted, alike = (
        event
        for event in logged_events(tmp_path / "ledger")
        if isinstance(event, events.SamePersonChecked)
    )
    assert (doubted.outcome, alike.outcome) == ("different", "same")
    assert doubted.likeness < doubted.threshold <= alike.likeness


def test_faces_that_were_changed_unseen_are_not_released(
    pipeline: Pipeline, patient: SourceIdentity, gate: PolicyGates, faces: Mapping[str, Image]
) -> None:
    """Whichever way leads to a result: what the gate did not watch does not pass it."""
    for options, expected in ((SwapOptions(), False), (GATED, True)):
        _, report = swap_photo(pipeline, patient, Photo(faces["a_2"]), options)
        assert report.faces_swapped == 1
        assert is_released(gate, patient, report) is expected
    assert not is_released(gate, patient, _report(0.99, watched=7))


def _report(least: float | None, watched: int = 8) -> SwapReport:
    return SwapReport(
        frames=8,
        frames_swapped=8,
        faces_swapped=8,
        similarity_before=None,
        similarity_after=None,
        least_alike=least,
        faces_watched=watched,
        engine="mesh",
        provider="cpu",
        seconds={},
    )


def test_what_is_not_measured_cannot_be_another_person(
    pipeline: Pipeline,
    patient: SourceIdentity,
    faces: Mapping[str, Image],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """From the patient at once to any picture of the way to another: no low one is missed."""
    analyser = pipeline.analyser
    face = analyser.faces(Photo(faces["a_2"]).canvas)[0]
    embed, measured = Recogniser.embed_crop, 0

    def counted(self: Recogniser, crop: Image) -> Float:
        nonlocal measured
        measured += 1
        return embed(self, crop)

    monkeypatch.setattr(Recogniser, "embed_crop", counted)
    skipped = []
    for other in ("b_1", "b_2", "c_1", "d_1", "e_1"):
        for picture in dissolve(faces["a_2"], faces[other], 30):
            watch = SamePersonWatch(analyser.recogniser, patient.embedding, SAME_PERSON)
            watch.look(Photo(faces["a_2"]).canvas, [(1, face)], 0.0)
            before = measured
            watch.look(Photo(picture).canvas, [(1, face)], 0.04)
            if measured == before:
                skipped.append(analyser.embedding(Photo(picture).canvas, face))
    assert len(skipped) > 10  # the rule measures some of them only
    assert min(similarity(patient.embedding, one) for one in skipped) >= SAME_PERSON
