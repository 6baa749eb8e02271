"""What the policy requires before a face is applied, tested over a worker's socket."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import av
import pytest

from appliance.audit.entries import events
from appliance.audit.service.embedded import EmbeddedAudit
from appliance.errors import PolicyError
from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.decode import read_photo
from appliance.policy.policy import Gate
from appliance.protocols import worker_api
from appliance.protocols.worker_api import NAME
from appliance.wire.client import Client
from appliance.wire.message import CallError, Empty
from appliance.worker.policy_gates import PolicyGates
from tests.attacks.films import centred, dissolve
from tests.pipeline.videos import encoded
from tests.worker.process import (
    SESSION,
    failed,
    logged_events,
    portrait,
    read_all,
    working,
)

SAME = "gate: {same_person: true}\n"
NOSE = {"nose": 0.5}


def refused(client: Client, wanted: worker_api.Swap) -> str:
    """The reason for which this is refused."""
    method, gives = ("Preview", Empty) if isinstance(wanted, worker_api.Preview) else (
        "Swap", worker_api.Progress,
    )  # fmt: skip
    with pytest.raises(CallError) as caught:
        client.call(f"{NAME}.{method}", wanted, gives=gives)
    return failed(caught.value).kind


def test_only_one_person_where_the_policy_says_so(tmp_path: Path, audit: EmbeddedAudit) -> None:
    with working(tmp_path, audit, SAME) as (worker, client):
        source = worker.take_in(client, portrait("person_a_1.jpg"), "source").item
        same = worker.take_in(client, portrait("person_a_2.jpg")).item
        other = worker.take_in(client, portrait("person_b_1.jpg")).item
        before = sorted(worker.workspace.iterdir())
        for wanted in (
            worker_api.Swap([source], other, NOSE),
            worker_api.Swap([source], same, NOSE, "all"),
            worker_api.Preview([source], other, NOSE),
        ):
            assert refused(client, wanted) == "not-same-person"
        assert sorted(worker.workspace.iterdir()) == before
        wanted = worker_api.Swap([source], same, NOSE)
        done, _ = client.call(f"{NAME}.Swap", wanted, gives=worker_api.Progress)
        assert done.result is not None


def test_a_photo_of_another_person_among_the_patient_s_is_refused(
    tmp_path: Path, audit: EmbeddedAudit
) -> None:
    with working(tmp_path, audit, SAME) as (worker, client):
        patient = [
            worker.take_in(client, portrait(f"person_a_{number}.jpg"), "source").item
            for number in (1, 2)
        ]
        other = worker.take_in(client, portrait("person_b_1.jpg"), "source").item
        target = patient[0]
        for wanted in (
            worker_api.Swap([*patient, other], target, NOSE),
            worker_api.Preview([*patient, other], target, NOSE),
        ):
            assert refused(client, wanted) == "not-same-person"
        client.call(
            f"{NAME}.Preview", worker_api.Preview(patient, target, NOSE), gives=Empty, attached=1
        )


def test_a_video_that_shows_another_person_in_one_shot_is_refused(
    tmp_path: Path, audit: EmbeddedAudit
) -> None:
    alone, mixed = tmp_path / "alone.mp4", tmp_path / "mixed.mp4"
    _film(alone, ["person_a_2.jpg"])
    _film(mixed, ["person_a_2.jpg", "person_a_1.jpg", "person_b_1.jpg"])
    with working(tmp_path, audit, SAME) as (worker, client):
        source = worker.take_in(client, portrait("person_a_1.jpg"), "source").item
        videos = [worker.take_in(client, video).item for video in (alone, mixed)]
        assert refused(client, worker_api.Swap([source], videos[1], NOSE)) == "not-same-person"
        wanted = worker_api.Swap([source], videos[0], NOSE)
        done, _ = client.call(f"{NAME}.Swap", wanted, gives=worker_api.Progress)
        assert done.result is not None


def test_a_video_in_which_the_patient_turns_into_another_person_is_refused(
    tmp_path: Path, audit: EmbeddedAudit, pack: ModelPack, runtime: Runtime
) -> None:
    analyser = Pipeline.load(pack, runtime).analyser
    photos = [
        read_photo(portrait(name).read_bytes()) for name in ("person_a_2.jpg", "person_b_1.jpg")
    ]
    one, other = (centred(photo, analyser.faces(photo.canvas)[0]) for photo in photos)
    video = tmp_path / "morph.mp4"
    video.write_bytes(encoded([*[one] * 5, *dissolve(one, other, 20), *[other] * 5]))
    with working(tmp_path, audit, SAME) as (worker, client):
        source = worker.take_in(client, portrait("person_a_1.jpg"), "source").item
        target = worker.take_in(client, video).item
        assert refused(client, worker_api.Swap([source], target, NOSE)) == "not-same-person"
        preview = worker_api.Preview([source], target, NOSE)  # of a frame that shows the patient
        _, (pipe,) = client.call(f"{NAME}.Preview", preview, gives=Empty, attached=1)
        assert read_all(pipe)


def _film(path: Path, shots: Sequence[str]) -> None:
    """A video of portraits, five frames each."""
    with av.open(str(path), "w") as film:
        stream = film.add_stream("libx264", rate=25)
        stream.width = stream.height = 480
        stream.pix_fmt = "yuv420p"
        for shot in shots:
            pixels = read_photo(portrait(shot).read_bytes()).pixels
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(480, 480)
            for _ in range(5):
                frame.pts = None
                film.mux(stream.encode(frame))
        film.mux(stream.encode(None))


BLANK = (" ", "\t", "\u00a0", "\u200b", ".", "--", "\u2800", "\ufe0f", "\u3164", "\uffa0", "\u115f")
PARTLY = ("form\u200b17", "form\n17", "17\u202e", "\u3164form")


@pytest.mark.parametrize("reference", BLANK + PARTLY)
def test_a_consent_that_cannot_be_seen_is_none(reference: str, audit: EmbeddedAudit) -> None:
    gates = PolicyGates(Gate(), SESSION, audit.client)
    with pytest.raises(PolicyError, match="blank"):
        gates.consent(reference)


@pytest.mark.parametrize("reference", ["form 17", "17", "Ä", "同意書 3", "A/2026-11 (2)"])
def test_a_consent_that_says_something_is_one(reference: str, audit: EmbeddedAudit) -> None:
    assert PolicyGates(Gate(), SESSION, audit.client).consent(reference)


def test_no_picture_is_imported_without_a_consent(tmp_path: Path) -> None:
    with EmbeddedAudit(tmp_path / "ledger") as audit:
        with working(tmp_path, audit) as (worker, client):
            with pytest.raises(CallError) as caught:
                worker.take_in(client, portrait("person_a_1.jpg"), consent=None)
            assert failed(caught.value).kind == "policy"
            assert list(worker.workspace.iterdir()) == []
            for consent in ("form 17", "form 17", "form 18"):
                worker.take_in(client, portrait("person_a_1.jpg"), consent=consent)
        open_to_all = "gate: {same_person: false, consent: false}\n"
        with working(tmp_path, audit, open_to_all) as (worker, client):
            worker.take_in(client, portrait("person_a_1.jpg"), consent=None)
    logged = [
        event.consent
        for event in logged_events(tmp_path / "ledger")
        if isinstance(event, events.MediaImported)
    ]
    assert logged[0] == logged[1] != logged[2]
    assert logged[3] is None
    assert logged[0] is not None
