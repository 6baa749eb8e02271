"""The operator's packs, with stand-ins that change colours, tested over a worker's socket."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from appliance.audit.entries import events
from appliance.audit.service.embedded import EmbeddedAudit
from appliance.inference.pack import MANIFEST, SIGNATURE
from appliance.pipeline.media.photo.decode import read_photo
from appliance.protocols import worker_api
from appliance.protocols.worker_api import NAME
from appliance.signatures.minisign import SecretKey
from appliance.wire.client import Client
from appliance.wire.message import CallError, Empty
from tests.inference.packs import FACEFUSION, KEY, write_standins
from tests.worker.process import (
    Worker,
    failed,
    logged_events,
    portrait,
    read_all,
    working,
)

GATES = "gate: {same_person: false, consent: false}\n"
TRUSTING = f"{GATES}models: {{keys: [{KEY.public.line}], licences: [MIT, Apache-2.0]}}\n"
WHOLE = {"face": 1.0}


class Room:
    """A worker with three packs: one trusted, one unsigned, one altered after it was signed."""

    def __init__(self, worker: Worker, client: Client) -> None:
        self.worker, self.client = worker, client
        self.source = worker.take_in(client, portrait("person_a_1.jpg"), "source").item
        self.target = worker.take_in(client, portrait("person_c_1.jpg")).item

    def asked(
        self, *packs: str, target: int | None = None, upscale: int = 1, **wishes: object
    ) -> worker_api.Swap:
        options = msgspec.convert(wishes, worker_api.GeneratorOptions)
        return worker_api.Swap(
            [self.source],
            target or self.target,
            WHOLE,
            packs=list(packs),
            generator_options=options,
            upscale=upscale,  # type: ignore[arg-type]
        )

    def swapped(self, asked: worker_api.Swap) -> np.ndarray:
        done, _ = self.client.call(f"{NAME}.Swap", asked, gives=worker_api.Progress)
        assert done.result is not None
        return read_photo(self.worker.result(done.result)).pixels

    def refused(self, asked: worker_api.Swap) -> worker_api.Failed:
        with pytest.raises(CallError) as caught:
            self.client.call(f"{NAME}.Swap", asked, gives=worker_api.Progress)
        return failed(caught.value)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory, audit: EmbeddedAudit) -> Iterator[Room]:
    folder = tmp_path_factory.mktemp("room")
    packs = folder / "packs"
    packs.mkdir()
    write_standins(packs / "studio", *FACEFUSION)
    unsigned = write_standins(packs / "unsigned", "inswapper", "arcface")
    (unsigned / SIGNATURE).unlink()
    altered = write_standins(packs / "altered", "inswapper", "arcface")
    with (altered / MANIFEST).open("a") as manifest:
        manifest.write("# one comment more\n")
    shutil.copy(packs / "studio" / MANIFEST, packs / "no-folder")
    with working(folder, audit, TRUSTING) as (worker, client):
        yield Room(worker, client)


def turned(pixels: np.ndarray) -> float:
    """How much of the picture has become blue, which skin is not."""
    before = read_photo(portrait("person_c_1.jpg").read_bytes()).pixels.astype(int)
    now = pixels.astype(int)
    red = before[..., 0] > before[..., 2] + 20
    return float((red & (now[..., 2] > now[..., 0] + 20)).mean())


def test_what_is_offered_and_why_the_rest_is_not(room: Room) -> None:
    answer, _ = room.client.call(f"{NAME}.Packs", gives=worker_api.Packs)
    offered = {pack.name: pack for pack in answer.packs}
    assert answer.provider == "cpu"
    assert offered.keys() == {"studio", "unsigned", "altered"}
    studio = offered["studio"]
    assert (studio.generator, studio.pixels, studio.refused) == ("inswapper", 128, None)
    assert {"generator", "restorer", "occluder", "face-parser"} <= {*studio.roles}
    assert "not signed" in (offered["unsigned"].refused or "")
    assert "does not fit" in (offered["altered"].refused or "")
    assert offered["unsigned"].hint
    assert offered["unsigned"].roles == offered["altered"].roles == []


def test_the_generator_of_a_pack_draws_when_it_is_asked_for(room: Room) -> None:
    assert turned(room.swapped(room.asked())) < 0.001
    plain = room.swapped(room.asked("studio"))
    assert 0.02 < turned(plain) < 0.5
    assert (room.swapped(room.asked("studio", pixels=512)) != plain).any()
    assert (room.swapped(room.asked("studio", restore=1.0)) != plain).any()
    limited = room.swapped(room.asked("studio", occlusion=True, parts=["skin", "mouth"]))
    assert 0.1 < turned(limited) / turned(plain) < 0.95
    # The stand-in sees skin, and no nose.
    assert turned(room.swapped(room.asked("studio", parts=["nose"]))) == 0
    assert room.swapped(room.asked("studio", upscale=2)).shape[0] == 2 * plain.shape[0]


def test_a_region_and_a_likeness_are_chosen_with_a_pack_too(room: Room) -> None:
    whole = turned(room.swapped(room.asked("studio")))
    like = room.worker.take_in(room.client, portrait("person_c_1.jpg"), "reference").item
    wanted = msgspec.structs.replace(
        room.asked("studio"), regions={"nose": 1.0}, choice="like", like=like
    )
    assert 0 < turned(room.swapped(wanted)) < 0.2 * whole
    other = msgspec.structs.replace(wanted, like=room.source)
    assert room.refused(other).kind == "no-face"


def test_a_preview_is_drawn_by_the_generator(room: Room) -> None:
    asked = room.asked("studio")
    wanted = worker_api.Preview(asked.sources, asked.target, WHOLE, packs=["studio"], side=256)
    _, (pipe,) = room.client.call(f"{NAME}.Preview", wanted, gives=Empty, attached=1)
    drawn = read_photo(read_all(pipe)).pixels.astype(int)
    plain = msgspec.structs.replace(wanted, packs=[])
    _, (pipe,) = room.client.call(f"{NAME}.Preview", plain, gives=Empty, attached=1)
    mesh = read_photo(read_all(pipe)).pixels.astype(int)
    blue = [float((seen[..., 2] > seen[..., 0] + 20).mean()) for seen in (drawn, mesh)]
    assert blue[0] > blue[1] + 0.02


@pytest.mark.parametrize("name", ["unsigned", "altered", "nowhere"])
def test_a_pack_that_is_not_offered_draws_nothing(room: Room, name: str) -> None:
    wrong = room.refused(room.asked(name))
    assert wrong.kind == "model"
    assert str(room.worker.workspace.parent) not in wrong.message + wrong.hint
    assert turned(room.swapped(room.asked("studio"))) > 0.02


def test_what_no_pack_can_do_is_refused(room: Room) -> None:
    assert room.refused(room.asked(occlusion=True)).kind == "model"
    assert room.refused(room.asked("studio", pixels=200)).kind == "model"


@pytest.mark.parametrize(
    "parameters",
    [
        {"packs": ["../studio"]},
        {"generator_options": {"restore": 1.5}},
        {"generator_options": {"parts": ["ear"]}},
        {"generator_options": {"strength": 1}},
        {"choice": "like"},
        {"like": 1},
        {"upscale": 3},
    ],
)
def test_what_commands_do_not_take_a_worker_does_not_either(
    room: Room, parameters: dict[str, object]
) -> None:
    sound = {"sources": [room.source], "target": room.target, "regions": WHOLE}
    msgspec.convert(sound, worker_api.Swap)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(sound | parameters, worker_api.Swap)


def test_a_licence_or_key_that_the_policy_does_not_name_leaves_the_mesh_engine(
    tmp_path: Path,
) -> None:
    (tmp_path / "packs").mkdir()
    write_standins(tmp_path / "packs" / "studio", "inswapper", "arcface", licence="CC-BY-NC-4.0")
    other = SecretKey.generate().public.line
    with EmbeddedAudit(tmp_path / "ledger") as audit:
        for models, why in (
            (f"{{keys: [{KEY.public.line}]}}", "licence CC-BY-NC-4.0"),
            (f"{{keys: [{other}]}}", "by no key"),
            ("{}", "by no key"),
        ):
            with working(tmp_path, audit, f"{GATES}models: {models}\n") as (worker, client):
                answer, _ = client.call(f"{NAME}.Packs", gives=worker_api.Packs)
                assert why in (answer.packs[0].refused or "")
                room = Room(worker, client)
                assert room.refused(room.asked("studio")).kind == "model"
                assert turned(room.swapped(room.asked())) < 0.001
    loaded = [
        e for e in logged_events(tmp_path / "ledger") if isinstance(e, events.ModelPackLoaded)
    ]
    assert {pack.models for pack in loaded} == {10}  # the starter pack alone


def test_the_ledger_names_what_drew(tmp_path: Path) -> None:
    (tmp_path / "packs").mkdir()
    write_standins(tmp_path / "packs" / "studio", "inswapper", "arcface")
    with (
        EmbeddedAudit(tmp_path / "ledger") as audit,
        working(tmp_path, audit, TRUSTING) as (worker, client),
    ):
        room = Room(worker, client)
        room.swapped(room.asked())
        room.swapped(room.asked("studio"))
    happened = logged_events(tmp_path / "ledger")
    packs = [event.pack for event in happened if isinstance(event, events.ModelPackLoaded)]
    jobs = [event for event in happened if isinstance(event, events.JobStarted)]
    assert [(job.engine, job.pack) for job in jobs] == [("mesh", packs[0]), ("onnx", packs[1])]
