"""A file that took over the process that decodes it wants to reach further."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from threading import Thread
from typing import cast

import av
import numpy as np
import pytest
from PIL import Image

from appliance.audit.entries import events
from appliance.audit.service.embedded import EmbeddedAudit
from appliance.pipeline.media.photo.decode import read_photo
from appliance.protocols import worker_api
from appliance.protocols.worker_api import NAME
from appliance.wire.client import Client
from appliance.wire.message import CallError
from tests.paths import REPOSITORY
from tests.worker.process import (
    SESSION,
    Worker,
    failed,
    logged_events,
    portrait,
    sanitiser_child,
    working,
)
from tests.worker.taken_over_worker import LIST, PHOTO, SPILL, TOUCH, VIDEO, WAIT

PROGRAM = "tests.worker.taken_over_worker"
SECRET = b"PIXELS-OF-A-PATIENT"
REGULAR, PIPE, DEVICE = "100000", "10000", "20000"  # stat(2), the kind in the mode
NULL = f"{DEVICE}:{Path('/dev/null').stat().st_rdev}"


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ledger") / "ledger"


@pytest.fixture(scope="module")
def taken_over(
    tmp_path_factory: pytest.TempPathFactory, ledger: Path
) -> Iterator[tuple[Worker, Client]]:
    with (
        EmbeddedAudit(ledger) as audit,
        working(tmp_path_factory.mktemp("worker"), audit, program=PROGRAM) as both,
    ):
        yield both


def _bring(taken_over: tuple[Worker, Client], folder: Path, content: bytes) -> worker_api.Imported:
    file = folder / "file"
    file.write_bytes(content)
    worker, client = taken_over
    return worker.take_in(client, file)


def _refused(taken_over: tuple[Worker, Client], folder: Path, content: bytes) -> worker_api.Failed:
    with pytest.raises(CallError) as caught:
        _bring(taken_over, folder, content)
    return failed(caught.value)


def _inspect(taken_over: tuple[Worker, Client], item: int) -> worker_api.Faces:
    _, client = taken_over
    return client.call(f"{NAME}.Inspect", worker_api.Inspect(item), gives=worker_api.Faces)[0]


def test_the_decoder_has_three_descriptors_and_no_other(
    taken_over: tuple[Worker, Client], tmp_path: Path
) -> None:
    listed = _refused(taken_over, tmp_path, LIST).message.split()
    kinds = [one.partition(":")[2] for one in listed]
    assert kinds[:3] == [NULL] * 3
    assert sorted(kind.partition(":")[0] for kind in kinds[3:]) == [PIPE, REGULAR, REGULAR]


def test_a_forked_process_has_more_descriptors_by_default() -> None:
    """The control: what is not closed is inherited."""
    program = (
        "import os, sys\n"
        "from appliance.seal.process import close_all_but\n"
        "extra, kept = os.pipe()\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    os.fstat(extra)\n"
        "    close_all_but([kept])\n"
        "    os.fstat(kept)\n"
        "    try:\n"
        "        os.fstat(extra)\n"
        "    except OSError:\n"
        "        os._exit(7)\n"
        "sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, check=False)
    assert done.returncode == 7


def test_what_it_writes_reaches_no_journal_and_no_connection_ends(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with (
        EmbeddedAudit(tmp_path / "ledger") as audit,
        working(tmp_path, audit, program=PROGRAM) as (worker, client),
    ):
        # It also writes to the pipe of its answer, which is then none.
        refusal = _refused((worker, client), tmp_path, SPILL + SECRET)
        assert refusal.kind == "input"
        assert SECRET.decode() not in refusal.message + refusal.hint
        assert worker.take_in(client, portrait("person_e_1.png")).media == "photo"
        assert worker.process.poll() is None
        another = worker.client()
        another.call(f"{NAME}.Results", gives=worker_api.Results)
        another.close()
    printed = capfd.readouterr()
    assert SECRET.decode() not in printed.out + printed.err


@pytest.mark.parametrize("kind", ["TIFF", "WEBP", "BMP", "JPEG", "GIF", "PPM"])
def test_the_worker_decodes_no_photo_of_the_attacker_s_choice(
    taken_over: tuple[Worker, Client], tmp_path: Path, kind: str
) -> None:
    picture = Image.fromarray(read_photo(portrait("person_a_1.jpg").read_bytes()).pixels)
    chosen, ours = io.BytesIO(), io.BytesIO()
    picture.save(chosen, kind)
    picture.save(ours, "PNG")
    item = _bring(taken_over, tmp_path, PHOTO + chosen.getvalue()).item
    with pytest.raises(CallError) as caught:
        _inspect(taken_over, item)
    assert failed(caught.value).kind == "input"
    # The control: the same picture in the one format that is made of photos.
    item = _bring(taken_over, tmp_path, PHOTO + ours.getvalue()).item
    assert len(_inspect(taken_over, item).faces) == 1


@pytest.mark.parametrize("codec", ["mpeg4", "ffv1", "mjpeg"])
def test_the_worker_decodes_no_video_of_the_attacker_s_choice(
    taken_over: tuple[Worker, Client], tmp_path: Path, codec: str
) -> None:
    item = _bring(taken_over, tmp_path, VIDEO + _film(tmp_path, codec)).item
    with pytest.raises(CallError) as caught:
        _inspect(taken_over, item)
    assert failed(caught.value).kind == "input"
    wanted = worker_api.Swap([item], item, {"face": 1.0})
    with pytest.raises(CallError):
        taken_over[1].call(f"{NAME}.Swap", wanted, gives=worker_api.Progress)
    item = _bring(taken_over, tmp_path, VIDEO + _film(tmp_path, "libx264")).item
    assert len(_inspect(taken_over, item).faces) == 1  # the control


class _Import(Thread):
    """An import in a thread of its own, and the error that it ended with."""

    def __init__(self, worker: Worker, client: Client, file: Path) -> None:
        super().__init__()
        self._import = partial(worker.take_in, client, file)
        self.refusal = ""

    def run(self) -> None:
        try:
            self._import()
        except CallError as refused:
            self.refusal = refused.error


def _film(folder: Path, codec: str) -> bytes:
    path = folder / "film.mkv"
    pixels = read_photo(portrait("person_a_1.jpg").read_bytes()).pixels
    with av.open(str(path), "w") as film:
        stream = cast("av.VideoStream", film.add_stream(codec, rate=25))
        stream.width, stream.height = 320, 400
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        small = np.asarray(Image.fromarray(pixels).resize((320, 400)))
        for _ in range(3):
            film.mux(stream.encode(av.VideoFrame.from_ndarray(small, format="rgb24")))
        film.mux(stream.encode(None))
    return path.read_bytes()


def test_what_its_tripwires_notice_is_in_the_ledger(
    taken_over: tuple[Worker, Client], tmp_path: Path, ledger: Path
) -> None:
    def attempts() -> list[events.AnyEvent]:
        return [one for one in logged_events(ledger) if isinstance(one, events.EscapeAttempt)]

    # The control: what decodes files as it should touches nothing.
    _bring(taken_over, tmp_path, portrait("person_a_1.jpg").read_bytes())
    before = len(attempts())
    _refused(taken_over, tmp_path, TOUCH)
    assert attempts()[before:] == [events.EscapeAttempt("guard", "import", 1, SESSION)]


def test_a_process_that_never_ends_is_ended_by_the_person(
    taken_over: tuple[Worker, Client], tmp_path: Path
) -> None:
    worker, client = taken_over
    (tmp_path / "file").write_bytes(WAIT)
    before = sorted(worker.workspace.iterdir())
    stopper = worker.client()
    importing = _Import(worker, client, tmp_path / "file")
    importing.start()
    sanitiser_child(worker)
    answer, _ = stopper.call(f"{NAME}.Cancel", gives=worker_api.Stopped)
    assert answer.stopped
    importing.join()
    assert importing.refusal == f"{NAME}.Stopped"
    answer, _ = stopper.call(f"{NAME}.Cancel", gives=worker_api.Stopped)
    assert not answer.stopped  # the control: nothing runs any more
    stopper.close()
    assert sorted(worker.workspace.iterdir()) == before
    assert worker.take_in(client, portrait("person_e_1.png")).media == "photo"


def test_a_process_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(WAIT)
    with (
        EmbeddedAudit(tmp_path / "ledger") as audit,
        working(tmp_path, audit, program="tests.worker.impatient_worker") as (worker, client),
    ):
        with pytest.raises(CallError) as caught:
            worker.take_in(client, tmp_path / "file")
        assert "for too long" in failed(caught.value).message
        assert list(worker.workspace.iterdir()) == []
