"""The worker as a process of its own, asked over its socket, with a real ledger beside it."""

from __future__ import annotations

import hashlib
import os
import signal
from pathlib import Path
from threading import Thread

import cv2
import numpy as np
import pytest

from appliance.audit.service.embedded import EmbeddedAudit
from appliance.errors import LedgerError, ModelError, WireError
from appliance.pipeline.media.photo.decode import read_photo
from appliance.protocols import worker_api
from appliance.protocols.worker_api import NAME
from appliance.wire.client import Client
from appliance.wire.message import CallError, Empty
from tests.worker.process import Worker, begin, failed, portrait, read_all, start


def test_from_import_to_result(worker: Worker, client: Client) -> None:
    source = worker.take_in(client, portrait("person_a_1.jpg"), "source")
    target = worker.take_in(client, portrait("person_b_1.jpg"))
    assert target.media == "photo"
    faces, _ = client.call(
        f"{NAME}.Inspect", worker_api.Inspect(target.item), gives=worker_api.Faces
    )
    assert len(faces.faces) == 1
    wanted = worker_api.Swap([source.item], target.item, {"face": 1.0})
    done, _ = client.call(f"{NAME}.Swap", wanted, gives=worker_api.Progress)
    assert done.result is not None
    results, _ = client.call(f"{NAME}.Results", gives=worker_api.Results)
    assert results.results == [done.result]
    result, (pipe,) = client.call(
        f"{NAME}.Result", worker_api.Item(done.result), gives=worker_api.Result
    )
    data = read_all(pipe)
    assert (len(data), hashlib.sha256(data).hexdigest()) == (result.size, result.sha256)
    swapped = read_photo(data).pixels
    before = read_photo(portrait("person_b_1.jpg").read_bytes()).pixels
    assert swapped.shape == before.shape
    assert (swapped != before).any()


def test_what_is_taken_in_was_written_by_us(worker: Worker, client: Client, tmp_path: Path) -> None:
    data = portrait("person_a_1.jpg").read_bytes()
    marked = tmp_path / "marked.jpg"
    # A comment segment that no picture needs, and bytes behind the picture's end.
    comment = b"\xff\xfe" + (2 + 16).to_bytes(2, "big") + b"NAME-OF-PATIENT!"
    marked.write_bytes(data[:2] + comment + data[2:] + b"BEHIND-THE-END!!")
    item = worker.take_in(client, marked).item
    stored = (worker.workspace / f"{item}.item.photo").read_bytes()
    assert stored.startswith(b"\x89PNG")
    assert b"NAME-OF-PATIENT!" not in stored
    assert b"BEHIND-THE-END!!" not in stored
    np.testing.assert_array_equal(read_photo(stored).pixels, read_photo(data).pixels)


def test_a_preview_is_small_and_leaves_nothing(worker: Worker, client: Client) -> None:
    source = worker.take_in(client, portrait("person_c_1.jpg"), "source")
    target = worker.take_in(client, portrait("person_d_1.jpg"))
    before = sorted(worker.workspace.iterdir())
    wanted = worker_api.Preview([source.item], target.item, {"nose": 0.5}, side=256)
    _, (descriptor,) = client.call(f"{NAME}.Preview", wanted, gives=Empty)
    data = read_all(descriptor)
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert max(picture.shape) == 256
    assert sorted(worker.workspace.iterdir()) == before


@pytest.mark.parametrize(
    "content", [b"", b"no picture at all", b"\x89PNG\r\n\x1a\n" + bytes(50), b"\xff\xd8" * 400]
)
def test_what_is_no_picture_is_refused_and_the_next_is_not(
    worker: Worker, client: Client, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    before = sorted(worker.workspace.iterdir())
    with pytest.raises(CallError, match="Failed"):
        worker.take_in(client, file)
    assert sorted(worker.workspace.iterdir()) == before
    assert worker.take_in(client, portrait("person_e_1.png")).media == "photo"


def test_a_file_that_kills_its_reader_kills_nobody_else(
    worker: Worker, client: Client, tmp_path: Path
) -> None:
    # 100,000 × 1,000 pixels from a few bytes pass the limit on pixels, not that on memory.
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    bomb = tmp_path / "bomb.png"
    bomb.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000)))
    )
    with pytest.raises(CallError, match="Failed"):
        worker.take_in(client, bomb)
    assert worker.take_in(client, portrait("person_e_1.png")).media == "photo"


def test_items_that_are_not_there_and_calls_without_a_file_are_refused(client: Client) -> None:
    with pytest.raises(CallError, match="NoSuchItem"):
        client.call(f"{NAME}.Inspect", worker_api.Inspect(9999), gives=worker_api.Faces)
    with pytest.raises(CallError, match="NoDescriptor"):
        client.call(f"{NAME}.Import", worker_api.Import("source"), gives=worker_api.Imported)


def test_a_broker_with_another_policy_is_refused(tmp_path: Path, audit: EmbeddedAudit) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    other = start(tmp_path, workspace)
    other.policy = "0" * 64
    try:
        with pytest.raises(CallError, match="OtherPolicy"):
            begin(other, audit)
    finally:
        other.process.kill()
        other.process.wait()


def test_a_second_broker_is_refused(client: Client) -> None:
    with pytest.raises(CallError, match="Busy"):
        client.call(f"{NAME}.Begin", worker_api.Begin("f" * 16, "0" * 64), gives=worker_api.Jobs)


def test_a_face_that_is_not_there_is_said_and_logged(
    worker: Worker, client: Client, tmp_path: Path
) -> None:
    blank = tmp_path / "blank.png"
    cv2.imwrite(str(blank), np.full((200, 200, 3), 128, np.uint8))
    source = worker.take_in(client, portrait("person_a_1.jpg"), "source")
    target = worker.take_in(client, blank)
    wanted = worker_api.Swap([source.item], target.item, {"face": 1.0})
    with pytest.raises(CallError, match="Failed") as refused:
        client.call(f"{NAME}.Swap", wanted, gives=worker_api.Progress)
    assert failed(refused.value).kind == "no-face"


def test_a_video_tells_its_progress_and_can_be_stopped(
    worker: Worker, client: Client, single_face_clip: Path
) -> None:
    source = worker.take_in(client, portrait("person_a_1.jpg"), "source")
    target = worker.take_in(client, single_face_clip)
    assert target.media == "video"
    before = sorted(worker.workspace.iterdir())
    wanted = worker_api.Swap([source.item], target.item, {"face": 1.0})
    stopper = worker.client()
    frames: list[int] = []

    def stop_at_the_second_frame() -> None:
        for told, _ in client.follow(f"{NAME}.Swap", wanted, gives=worker_api.Progress):
            frames.append(told.frames)
            if told.frames == 2:
                answer, _ = stopper.call(f"{NAME}.Cancel", gives=worker_api.Stopped)
                assert answer.stopped

    with pytest.raises(CallError, match="Stopped"):
        stop_at_the_second_frame()
    stopper.close()
    assert frames[:2] == [1, 2]
    assert sorted(worker.workspace.iterdir()) == before


def test_one_job_at_a_time(worker: Worker, client: Client, single_face_clip: Path) -> None:
    source = worker.take_in(client, portrait("person_a_1.jpg"), "source")
    target = worker.take_in(client, single_face_clip)
    wanted = worker_api.Swap([source.item], target.item, {"face": 1.0})
    other = worker.client()
    following = client.follow(f"{NAME}.Swap", wanted, gives=worker_api.Progress)
    next(following)
    with pytest.raises(CallError, match="Busy"):
        other.call(f"{NAME}.Swap", wanted, gives=worker_api.Progress)
    other.call(f"{NAME}.Cancel", gives=worker_api.Stopped)
    with pytest.raises(CallError, match="Stopped"):
        list(following)
    other.close()


def test_the_next_worker_removes_what_the_last_had_not_finished(
    tmp_path: Path, audit: EmbeddedAudit
) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    first = start(tmp_path, workspace)
    line = begin(first, audit)
    asking = first.client()
    item = first.take_in(asking, portrait("person_a_1.jpg"), "source").item
    first.process.kill()
    first.process.wait()
    line.close()
    asking.close()
    (workspace / ".deadbeef.part").write_bytes(b"half a result")
    (workspace / "cache").mkdir()
    second = start(tmp_path, workspace)
    try:
        line, asking = begin(second, audit), second.client()
        assert {path.name for path in workspace.iterdir()} == {f"{item}.item.photo", "cache"}
        faces, _ = asking.call(f"{NAME}.Inspect", worker_api.Inspect(item), gives=worker_api.Faces)
        assert len(faces.faces) == 1
        line.close()
        asking.close()
    finally:
        second.process.kill()
        second.process.wait()


def test_who_asks_before_the_seal_waits_for_it(tmp_path: Path, audit: EmbeddedAudit) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    early = start(tmp_path, workspace)
    try:
        asking = early.client()
        taken: list[str] = []
        person = Thread(
            target=lambda: taken.append(
                early.take_in(asking, portrait("person_a_1.jpg"), "source").media
            )
        )
        person.start()
        line = begin(early, audit)
        person.join(30)
        assert taken == ["photo"]
        line.close()
        asking.close()
    finally:
        early.process.kill()
        early.process.wait()


def test_without_its_ledger_a_worker_does_nothing_and_ends(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    with EmbeddedAudit(tmp_path / "ledger") as audit:
        worker = start(tmp_path, workspace)
        line, asking = begin(worker, audit), worker.client()
        os.kill(audit.child, signal.SIGKILL)
        os.waitid(os.P_PID, audit.child, os.WEXITED | os.WNOWAIT)
        ended = Thread(target=worker.process.wait)
        ended.start()
        with pytest.raises(Exception, match="broke off"):
            worker.take_in(asking, portrait("person_a_1.jpg"))
        ended.join(20)
        assert worker.process.returncode
        line.close()
        asking.close()
    assert list(workspace.iterdir()) == []


def test_a_descriptor_of_no_file_is_refused(worker: Worker, client: Client) -> None:
    before = sorted(worker.workspace.iterdir())
    reader, writer = os.pipe()  # a pipe that nobody closes: whoever read it would wait for ever
    with pytest.raises(CallError) as caught:
        client.call(
            f"{NAME}.Import",
            worker_api.Import("source", "form 17"),
            gives=worker_api.Imported,
            descriptors=[reader],
        )
    assert failed(caught.value).kind == "input"
    assert sorted(worker.workspace.iterdir()) == before
    os.close(reader)
    os.close(writer)


def test_faces_of_a_video_and_a_preview_of_it_are_those_of_the_time_that_is_asked_for(
    worker: Worker, client: Client, single_face_clip: Path
) -> None:
    source = worker.take_in(client, portrait("person_a_1.jpg"), "source")
    video = worker.take_in(client, single_face_clip)
    found = [
        client.call(f"{NAME}.Inspect", worker_api.Inspect(video.item, at), gives=worker_api.Faces)[
            0
        ]
        for at in (0.0, 1e5)
    ]
    assert [len(one.faces) for one in found] == [1, 1]
    wanted = worker_api.Preview([source.item], video.item, {"face": 1.0}, side=128)
    _, (descriptor,) = client.call(f"{NAME}.Preview", wanted, gives=Empty)
    picture = read_photo(read_all(descriptor)).pixels
    assert max(picture.shape) == 128


def test_why_a_worker_cannot_start_is_said_though_libraries_are_silenced(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    # What it keeps for itself is all that is left of stderr by then.
    worker = start(tmp_path, tmp_path, "system: {log_level: critical}\n", models=tmp_path)
    assert worker.process.wait(60) == ModelError.exit_code
    said = capfd.readouterr().err
    assert "manifest.toml" in said
    assert str(tmp_path) not in said


def test_a_policy_that_does_not_accept_the_licences_of_the_starter_pack_lets_no_worker_start(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    worker = start(tmp_path, tmp_path, "models: {licences: [BSD-3-Clause]}\n")
    assert worker.process.wait(60) == ModelError.exit_code
    assert "not accepted" in capfd.readouterr().err


def test_a_result_that_cannot_be_logged_is_not_there(
    tmp_path: Path, single_face_clip: Path
) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    with EmbeddedAudit(tmp_path / "ledger") as audit:
        worker = start(tmp_path, workspace)
        line, asking = begin(worker, audit), worker.client()
        source = worker.take_in(asking, portrait("person_a_1.jpg"), "source").item
        target = worker.take_in(asking, single_face_clip).item
        before = sorted(workspace.iterdir())
        wanted = worker_api.Swap([source], target, {"face": 1.0})
        following = asking.follow(f"{NAME}.Swap", wanted, gives=worker_api.Progress)
        next(following)  # it has begun, and was logged
        os.kill(audit.child, signal.SIGKILL)
        os.waitid(os.P_PID, audit.child, os.WEXITED | os.WNOWAIT)
        with pytest.raises(WireError, match="broke off"):
            list(following)
        assert worker.process.wait(60) == LedgerError.exit_code
        line.close()
        asking.close()
    assert sorted(workspace.iterdir()) == before
