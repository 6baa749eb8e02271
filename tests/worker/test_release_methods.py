"""A worker measures, shows and releases a result at the broker's wish, and at no caller's."""

from __future__ import annotations

import hashlib
import io
import os
import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec
import numpy as np
import pytest
from PIL import Image

from appliance.audit.entries import events
from appliance.audit.service.embedded import EmbeddedAudit
from appliance.errors import OutputError, ReleaseError, SessionError
from appliance.files.output import OutputFile
from appliance.pipeline.media.photo.decode import read_photo
from appliance.pipeline.media.photo.encode import encode_photo
from appliance.pipeline.media.photo.photo import Photo
from appliance.pipeline.media.video.probe import probe
from appliance.protocols import worker_api
from appliance.protocols import worker_control_api as api
from appliance.releaser.marking import MarkRequest, mark
from appliance.session.worker_control import WorkerControl
from appliance.wire.client import Client
from appliance.wire.message import CallError, Empty
from appliance.worker.rewriting import rewrite_media
from tests.paths import PORTRAITS
from tests.pipeline.media.clips import Clip, make
from tests.release.signed import WATERMARK_KEY
from tests.release.test_film import write_film
from tests.worker.process import SESSION, begin, logged_events, read_all, start


def noise(width: int, height: int) -> Photo:
    """A grey picture that does not compress."""
    values = np.random.default_rng(16).integers(120, 136, (height, width, 3))
    return Photo(values.astype(np.uint8))


RESULT = encode_photo(noise(1400, 1000), "png")  # more bytes than a pipe or a socket holds
PORTRAIT = read_photo((PORTRAITS / "person_a_1.jpg").read_bytes())  # 204 x 244 pixels
HASH = hashlib.sha256(RESULT).hexdigest()
OTHER = "ab" * 32


def enlarged(photo: Photo) -> Photo:
    """Until it is just large enough to leave."""
    picture = Image.fromarray(np.asarray(photo.pixels, np.uint8))
    return Photo(np.array(picture.resize((320, round(320 * picture.height / picture.width)))))


def put_film(film: BinaryIO, path: Path) -> None:
    """As workers write their results."""
    with OutputFile(os.open(path, os.O_CREAT | os.O_RDWR, 0o600)) as copy:
        rewrite_media(film, copy)


@dataclass
class Released:
    """A worker that took over the results of an earlier one."""

    control: WorkerControl
    caller: Client
    ledger: Path
    workspace: Path

    def leaving(self) -> list[tuple[str, str]]:
        logged = [one for one in logged_events(self.ledger) if isinstance(one, events.HandedOver)]
        assert {one.session for one in logged} <= {SESSION}
        return [(one.what, one.picture) for one in logged]

    def release(self, sha256: str, item: int = 3) -> bytes:
        """What comes out at the releaser's end."""
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                self.control.release(api.Release(item, sha256, 5), theirs)
            data = b""
            while chunk := ours.recv(1 << 20):
                data += chunk
        return data


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Released]:
    folder = tmp_path_factory.mktemp("released")
    workspace = folder / "workspace"
    workspace.mkdir()
    (workspace / "3.result.photo+simulation").write_bytes(RESULT)
    (workspace / "4.result.video").write_bytes(RESULT)  # as an earlier version named it
    (workspace / "5.result.photo+painter").write_bytes(RESULT)
    (workspace / "6.item.photo").write_bytes(RESULT)
    with write_film(folder / "film.mp4").open("rb") as film:
        put_film(film, workspace / "7.result.video+mesh")
    for number, picture in ((8, PORTRAIT), (9, enlarged(PORTRAIT)), (10, noise(2000, 249))):
        result = encode_photo(picture, "png")
        (workspace / f"{number}.result.photo+mesh").write_bytes(result)
    (workspace / "11.result.photo+mesh").write_bytes(RESULT[:-1000])
    small = io.BytesIO(make(Clip(size=(318, 400), frames=3)))
    put_film(small, workspace / "12.result.video+mesh")
    narrow = io.BytesIO(make(Clip(size=(320, 2562), frames=3)))
    put_film(narrow, workspace / "13.result.video+mesh")
    (workspace / "14.result.photo+mesh").write_bytes(encode_photo(noise(2561, 320), "png"))
    with EmbeddedAudit(folder / "ledger") as audit:
        worker = start(folder, workspace)
        try:
            reports = begin(worker, audit.client)
            control = WorkerControl(worker.control, reports)
            with closing(worker.client()) as caller:
                yield Released(control, caller, folder / "ledger", workspace)
        finally:
            worker.end()


def test_a_result_is_measured_with_what_drew_it(released: Released) -> None:
    measured = released.control.measure(3, lambda: True)
    assert measured == api.Measured("photo", "simulation", len(RESULT), HASH)


@pytest.mark.parametrize("item", [1, 4, 5, 6])
def test_what_is_no_result_of_a_known_engine_is_not_measured(released: Released, item: int) -> None:
    with pytest.raises(SessionError):
        released.control.measure(item, lambda: True)
    assert released.control.measure(3, lambda: True).sha256 == HASH


@pytest.mark.parametrize(
    ("item", "unfit"),
    [
        (7, None),
        (8, "picture-too-small"),
        (9, None),
        (10, "picture-too-small"),
        (12, "picture-too-small"),
        (13, "picture-too-narrow"),
        (14, "picture-too-narrow"),
    ],
)
def test_what_can_never_leave_is_measured_as_that_and_the_releaser_agrees(
    released: Released, item: int, unfit: str | None
) -> None:
    measured = released.control.measure(item, lambda: True)
    assert measured.unfit == unfit
    number, (path,) = 5, released.workspace.glob(f"{item}.*")
    request = MarkRequest(number, measured.engine, "", measured.media, "jpeg", corner_mark=False)
    sink = OutputFile(os.memfd_create("copy"))
    with path.open("rb") as source, sink:
        try:
            mark(request, WATERMARK_KEY, source, sink)
        except (OutputError, ReleaseError):
            assert unfit is not None
        else:
            assert unfit is None


def test_what_is_measured_again_is_judged_by_what_it_is_now(released: Released) -> None:
    small = released.workspace / "8.result.photo+mesh"
    before = small.read_bytes()
    assert [released.control.measure(8, lambda: True).unfit for _ in range(2)] == [
        "picture-too-small",
        "picture-too-small",
    ]
    small.write_bytes(RESULT)
    try:
        assert released.control.measure(8, lambda: True).unfit is None
    finally:
        small.write_bytes(before)
    assert released.control.measure(8, lambda: True).unfit == "picture-too-small"


def test_a_result_that_no_copy_can_be_read_from_is_not_measured(released: Released) -> None:
    with pytest.raises(SessionError):
        released.control.measure(11, lambda: True)
    assert released.control.measure(3, lambda: True).unfit is None


def test_a_picture_of_a_result_is_shown_and_that_is_logged(released: Released) -> None:
    view = read_all(released.control.show(3, HASH, lambda: True))
    assert released.leaving()[-1] == ("view", hashlib.sha256(view).hexdigest())
    shown, result = (read_photo(file).pixels.astype(int) for file in (view, RESULT))
    assert shown.shape == result.shape
    # No part of it of this size is as the result is: words are everywhere.
    changed = np.abs(shown - result).max(axis=2) > 40
    for top in range(0, result.shape[0] - 200, 200):
        for left in range(0, result.shape[1] - 400, 400):
            assert changed[top : top + 200, left : left + 400].any()


def test_a_film_is_shown_by_a_sheet_of_pictures(released: Released) -> None:
    measured = released.control.measure(7, lambda: True)
    assert (measured.media, measured.engine) == ("video", "mesh")
    sheet = read_photo(read_all(released.control.show(7, measured.sha256, lambda: True)))
    film = released.workspace / "7.result.video+mesh"
    with film.open("rb") as opened:
        facts = probe(opened)
    assert sheet.pixels.shape[1] > 2 * facts.width
    assert sheet.pixels.shape[0] > 2 * facts.height


def test_another_hash_is_neither_shown_nor_released(released: Released) -> None:
    before = released.leaving()
    with pytest.raises(SessionError):
        released.control.show(3, OTHER, lambda: True)
    assert released.release(OTHER) == b""
    assert released.release(HASH, item=6) == b""
    assert released.leaving() == before


def test_a_result_goes_to_the_releaser_whole_and_that_is_logged(released: Released) -> None:
    assert released.release(HASH) == RESULT
    assert released.leaving()[-1] == ("release", HASH)


def test_a_result_that_was_changed_is_not_released(released: Released) -> None:
    file = released.workspace / "3.result.photo+simulation"
    file.write_bytes(RESULT + b"!")
    try:
        assert released.release(HASH) == b""
    finally:
        file.write_bytes(RESULT)
    assert released.release(HASH) == RESULT


@pytest.mark.parametrize(
    "call",
    [
        ("Measure", api.Measure(3)),
        ("Show", api.Show(3, HASH)),
        ("Release", api.Release(3, HASH, 5)),
    ],
)
def test_no_caller_reaches_what_the_broker_calls(
    released: Released, call: tuple[str, msgspec.Struct]
) -> None:
    method, parameters = call
    before = released.leaving()
    with pytest.raises(CallError, match="InterfaceNotFound"):
        released.caller.call(f"{api.NAME}.{method}", parameters, gives=Empty)
    with pytest.raises(CallError, match="MethodNotFound"):
        released.caller.call(f"{worker_api.NAME}.{method}", parameters, gives=Empty)
    with pytest.raises(CallError, match="NotReleased"):
        released.caller.call(
            f"{worker_api.NAME}.Result", worker_api.Item(3), gives=worker_api.Result, attached=1
        )
    assert released.leaving() == before
