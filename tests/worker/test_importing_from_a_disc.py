"""What the disc reader hands out is taken in by a worker: from memory, and through a pipe."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from appliance.audit.entries import events
from appliance.audit.service.embedded import EmbeddedAudit
from appliance.disc_reader.medium import Medium
from appliance.disc_reader.service import DiscReader
from appliance.protocols import worker_api
from appliance.protocols.worker_api import NAME
from appliance.wire.client import Client
from appliance.wire.message import CallError
from tests.disc_reader.discs import burn
from tests.disc_reader.test_service import listed, opened, serving
from tests.worker.process import Worker, failed, logged_events, portrait, working


@pytest.fixture
def disc(tmp_path: Path) -> Path:
    burn(tmp_path / "disc.iso", {"jane-canary.jpg": portrait("person_a_1.jpg").read_bytes()})
    return tmp_path / "disc.iso"


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Its reading and its writing end."""
    reader, writer = os.pipe()
    yield reader, writer
    os.close(reader)


def take_in(client: Client, descriptor: int, size: int | None) -> worker_api.Imported:
    wanted = worker_api.Import("target", "form 17", size, "disc")
    answer, _ = client.call(
        f"{NAME}.Import", wanted, gives=worker_api.Imported, descriptors=[descriptor]
    )
    return answer


def test_a_photo_of_a_disc_becomes_an_item_from_memory_and_through_a_pipe(
    disc: Path, tmp_path: Path
) -> None:
    ledger = tmp_path / "ledger"
    with EmbeddedAudit(ledger) as audit, working(tmp_path, audit) as (_, client):
        for most in (0, 1 << 30):
            reader = DiscReader(lambda: Medium.open(disc), most_in_memory=most)
            with serving(reader) as asking:
                (file,) = listed(asking).files
                size, descriptor = opened(asking, file.number)
                assert stat.S_ISFIFO(os.fstat(descriptor).st_mode) is not bool(most)
                assert take_in(client, descriptor, size).media == "photo"
                os.close(descriptor)
        logged = [one for one in logged_events(ledger) if isinstance(one, events.MediaImported)]
    assert [(one.origin, one.size) for one in logged] == [("disc", size)] * 2
    # The bytes are the same, whichever way they came.
    assert len({one.item for one in logged}) == 1


@pytest.mark.parametrize("more", [-1, 1])
def test_a_pipe_with_another_number_of_bytes_is_refused(
    worker: Worker, client: Client, pipe: tuple[int, int], more: int
) -> None:
    before = sorted(worker.workspace.iterdir())
    content = portrait("person_a_1.jpg").read_bytes()

    def write() -> None:
        with os.fdopen(pipe[1], "wb") as file:
            file.write(content)

    writing = Thread(target=write)
    writing.start()
    with pytest.raises(CallError) as refused:
        take_in(client, pipe[0], len(content) - more)
    assert "did not come whole" in failed(refused.value).message
    while os.read(pipe[0], 1 << 16):
        pass
    writing.join()
    assert sorted(worker.workspace.iterdir()) == before


def test_a_pipe_whose_size_is_not_given_is_refused(client: Client, pipe: tuple[int, int]) -> None:
    with pytest.raises(CallError) as refused:
        take_in(client, pipe[0], None)
    assert "not of a regular file" in failed(refused.value).message
    os.close(pipe[1])


def test_waiting_for_a_pipe_can_be_stopped(
    worker: Worker, client: Client, pipe: tuple[int, int]
) -> None:
    os.write(pipe[1], b"the beginning")
    refusals: list[str] = []

    def wait() -> None:
        with pytest.raises(CallError) as refused:
            take_in(client, pipe[0], 1000)
        refusals.append(refused.value.error)

    waiting = Thread(target=wait)
    waiting.start()
    stopper = worker.client()
    while not stopper.call(f"{NAME}.Cancel", gives=worker_api.Stopped)[0].stopped:
        pass
    waiting.join()
    stopper.close()
    os.close(pipe[1])
    assert refusals == [f"{NAME}.Stopped"]
