"""A worker process, called over its socket, with a real ledger."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path
from threading import Thread

import av
import cv2
import numpy as np
import pytest

from appliance.audit.entries import events
from appliance.audit.service.embedded import EmbeddedAudit
from appliance.errors import LedgerError, ModelError, WireError
from appliance.pipeline.media.photo.decode import read_photo
from appliance.protocols import worker_api
from appliance.protocols.worker_api import NAME
from appliance.wire.client import Client
from appliance.wire.message import CallError, Empty
from tests.worker.fragile_worker import KILLED, OUT_OF_MEMORY
from tests.worker.process import (
    Worker,
    begin,
    failed,
    logged_events,
    portrait,
    read_all,
    start,
    working,
)


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
    swapped = read_photo(worker.result(done.result)).pixels
    before = read_photo(portrait("person_b_1.jpg").read_bytes()).pixels
    assert swapped.shape == before.shape
    assert (swapped != before).any()


def test_an_imported_file_was_written_by_our_own_encoder(
    worker: Worker, client: Client, tmp_path: Path
) -> None:
    data = portrait("person_a_1.jpg").read_bytes()
    marked = tmp_path / "marked.jpg"
    # A comment segment, and bytes after the end of the picture.
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
    _, (descriptor,) = client.call(f"{NAME}.Preview", wanted, gives=Empty, attached=1)
    data = read_all(descriptor)
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert max(picture.shape) == 256
    assert sorted(worker.workspace.iterdir()) == before


@pytest.mark.parametrize(
    "content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n" + bytes(50), b"\xff\xd8" * 400]
)
def test_a_file_that_is_not_a_picture_is_refused_and_the_next_one_is_imported(
    worker: Worker, client: Client, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    before = sorted(worker.workspace.iterdir())
    with pytest.raises(CallError, match="Failed"):
        worker.take_in(client, file)
    assert sorted(worker.workspace.iterdir()) == before
    assert worker.take_in(client, portrait("person_e_1.png")).media == "photo"


@pytest.mark.parametrize("content", [KILLED, OUT_OF_MEMORY])
def test_a_file_that_crashes_the_process_that_reads_it_harms_nothing_else(
    tmp_path: Path, audit: EmbeddedAudit, content: bytes
) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    with working(tmp_path, audit, program="tests.worker.fragile_worker") as (worker, client):
        with pytest.raises(CallError) as caught:
            worker.take_in(client, file)
        refusal = failed(caught.value)
        assert refusal.kind == "input"
        assert refusal.message.startswith("The file crashed the process that read it")
        assert list(worker.workspace.iterdir()) == []
        assert worker.take_in(client, portrait("person_e_1.png")).media == "photo"


def test_a_missing_item_and_a_call_without_a_file_are_refused(client: Client) -> None:
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
            begin(other, audit.client)
        assert other.process.wait(60) == 0  # a refusal ends it
    finally:
        other.end()


def test_a_target_without_a_face_is_refused(worker: Worker, client: Client, tmp_path: Path) -> None:
    blank = tmp_path / "blank.png"
    cv2.imwrite(str(blank), np.full((200, 200, 3), 128, np.uint8))
    source = worker.take_in(client, portrait("person_a_1.jpg"), "source")
    target = worker.take_in(client, blank)
    wanted = worker_api.Swap([source.item], target.item, {"face": 1.0})
    with pytest.raises(CallError, match="Failed") as refused:
        client.call(f"{NAME}.Swap", wanted, gives=worker_api.Progress)
    assert failed(refused.value).kind == "no-face"


def test_a_source_of_two_people_is_refused_and_said_so(
    worker: Worker, client: Client, tmp_path: Path
) -> None:
    one, other = (cv2.imread(str(portrait(f"person_{name}_1.jpg"))) for name in "bc")
    assert one is not None
    assert other is not None
    both = tmp_path / "both.png"
    cv2.imwrite(str(both), np.hstack([one[:700], other[:700]]))
    source = worker.take_in(client, both, "source")
    target = worker.take_in(client, portrait("person_a_1.jpg"))
    wanted = worker_api.Swap([source.item], target.item, {"face": 1.0})
    with pytest.raises(CallError, match="Failed") as refused:
        client.call(f"{NAME}.Swap", wanted, gives=worker_api.Progress)
    assert failed(refused.value).message.startswith("Source photo 1 shows 2 faces")


def test_a_preview_that_is_too_small_for_a_face_says_so(
    worker: Worker, client: Client, tmp_path: Path
) -> None:
    portrait_of = cv2.imread(str(portrait("person_b_1.jpg")))
    assert portrait_of is not None
    large = np.full((900, 4000, 3), 128, np.uint8)
    large[100:280, 3000:3143] = cv2.resize(portrait_of, (143, 180), interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(tmp_path / "large.png"), large)
    source = worker.take_in(client, portrait("person_a_1.jpg"), "source").item
    target = worker.take_in(client, tmp_path / "large.png").item
    wanted = worker_api.Preview([source], target, {"face": 1.0}, side=256)
    with pytest.raises(CallError, match="Failed") as refused:
        client.call(f"{NAME}.Preview", wanted, gives=Empty, attached=1)
    assert "preview of this size" in failed(refused.value).message
    whole = worker_api.Swap([source], target, {"face": 1.0})
    client.call(f"{NAME}.Swap", whole, gives=worker_api.Progress)


def test_files_as_they_should_be_touch_no_tripwire(tmp_path: Path, single_face_clip: Path) -> None:
    with (
        EmbeddedAudit(tmp_path / "ledger") as audit,
        working(tmp_path, audit) as (worker, client),
    ):
        source = worker.take_in(client, portrait("person_a_1.jpg"), "source").item
        for target in (portrait("person_b_1.jpg"), single_face_clip):
            item = worker.take_in(client, target).item
            wanted = worker_api.Swap([source], item, {"nose": 1.0})
            client.call(f"{NAME}.Swap", wanted, gives=worker_api.Progress)
    logged = logged_events(tmp_path / "ledger")
    assert not [event for event in logged if isinstance(event, events.EscapeAttempt)]


def test_a_video_reports_its_progress_and_can_be_cancelled(
    worker: Worker, client: Client, single_face_clip: Path
) -> None:
    source = worker.take_in(client, portrait("person_a_1.jpg"), "source")
    target = worker.take_in(client, single_face_clip)
    assert target.media == "video"
    before = sorted(worker.workspace.iterdir())
    wanted = worker_api.Swap([source.item], target.item, {"face": 1.0})
    stopper = worker.client()
    frames: list[int] = []

    def cancel_at_the_second_frame() -> None:
        for progress, _ in client.follow(f"{NAME}.Swap", wanted, gives=worker_api.Progress):
            frames.append(progress.frames)
            if progress.frames == 2:
                answer, _ = stopper.call(f"{NAME}.Cancel", gives=worker_api.Stopped)
                assert answer.stopped

    with pytest.raises(CallError, match="Stopped"):
        cancel_at_the_second_frame()
    stopper.close()
    assert frames[:2] == [1, 2]
    assert sorted(worker.workspace.iterdir()) == before


def test_only_one_job_runs_at_a_time(
    worker: Worker, client: Client, single_face_clip: Path
) -> None:
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


def test_a_new_worker_deletes_what_the_previous_one_had_not_finished(
    tmp_path: Path, audit: EmbeddedAudit
) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    first = start(tmp_path, workspace)
    begin(first, audit.client)
    asking = first.client()
    item = first.take_in(asking, portrait("person_a_1.jpg"), "source").item
    first.end()
    asking.close()
    (workspace / ".deadbeef.part").write_bytes(b"half a result")
    (workspace / "cache").mkdir()
    second = start(tmp_path, workspace)
    try:
        begin(second, audit.client)
        asking = second.client()
        assert {path.name for path in workspace.iterdir()} == {f"{item}.item.photo", "cache"}
        faces, _ = asking.call(f"{NAME}.Inspect", worker_api.Inspect(item), gives=worker_api.Faces)
        assert len(faces.faces) == 1
        asking.close()
    finally:
        second.end()


def test_a_worker_that_lost_its_ledger_does_nothing_more_and_exits(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    with EmbeddedAudit(tmp_path / "ledger") as audit:
        worker = start(tmp_path, workspace)
        begin(worker, audit.client)
        asking = worker.client()
        os.kill(audit.child, signal.SIGKILL)
        os.waitid(os.P_PID, audit.child, os.WEXITED | os.WNOWAIT)
        ended = Thread(target=worker.process.wait)
        ended.start()
        with pytest.raises(Exception, match="broke off"):
            worker.take_in(asking, portrait("person_a_1.jpg"))
        ended.join(20)
        assert worker.process.returncode
        asking.close()
        worker.end()
    assert list(workspace.iterdir()) == []


def test_a_descriptor_that_is_not_of_a_regular_file_is_refused(
    worker: Worker, client: Client
) -> None:
    before = sorted(worker.workspace.iterdir())
    reader, writer = os.pipe()  # a pipe that stays open: reading it would block forever
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


def _write_clip(path: Path, parts: Sequence[Sequence[str]]) -> None:
    """A video of 25 frames a second: in each part, 40 frames of portraits next to each other."""
    size = 320
    with av.open(str(path), "w") as clip:
        stream = clip.add_stream("libx264", rate=25)
        stream.width, stream.height = 2 * size, size
        stream.pix_fmt = "yuv420p"
        for portraits in parts:
            picture = np.full((size, 2 * size, 3), 128, np.uint8)
            for index, name in enumerate(portraits):
                pixels = read_photo(portrait(name).read_bytes()).pixels
                picture[:, index * size : (index + 1) * size] = cv2.resize(pixels, (size, size))
            for _ in range(40):
                clip.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        clip.mux(stream.encode(None))


def test_inspect_and_preview_show_a_video_at_the_requested_time(
    worker: Worker, client: Client, tmp_path: Path
) -> None:
    clip = tmp_path / "clip.mp4"
    # All of the picture changes, so that encoders put a key frame there.
    _write_clip(clip, [["person_b_1.jpg"], ["person_c_1.jpg", "person_d_1.jpg"]])
    source = worker.take_in(client, portrait("person_a_1.jpg"), "source")
    video = worker.take_in(client, clip)
    times, counts, right_halves = (0.0, 1e5), [], []
    for at in times:
        inspect = worker_api.Inspect(video.item, at)
        found, _ = client.call(f"{NAME}.Inspect", inspect, gives=worker_api.Faces)
        counts.append(len(found.faces))
        preview = worker_api.Preview([source.item], video.item, {"face": 1.0}, side=256, at=at)
        _, (descriptor,) = client.call(f"{NAME}.Preview", preview, gives=Empty, attached=1)
        picture = read_photo(read_all(descriptor)).pixels
        assert picture.shape == (128, 256, 3)
        right_halves.append(picture[:, 136:].astype(int))
    assert counts == [1, 2]
    empty, person = right_halves
    assert np.ptp(empty) < 40  # plain grey
    assert np.ptp(person) > 150


def test_a_worker_that_cannot_start_prints_the_reason_although_libraries_are_silenced(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    # By then only the worker itself can write to stderr.
    worker = start(tmp_path, tmp_path, "system: {log_level: critical}\n", models=tmp_path)
    assert worker.process.wait(60) == ModelError.exit_code
    worker.end()
    printed = capfd.readouterr().err
    assert "manifest.toml" in printed
    assert str(tmp_path) not in printed


def test_no_worker_starts_if_the_policy_rejects_the_licences_of_the_starter_pack(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    worker = start(tmp_path, tmp_path, "models: {licences: [BSD-3-Clause]}\n")
    assert worker.process.wait(60) == ModelError.exit_code
    worker.end()
    assert "not accepted" in capfd.readouterr().err


def test_a_result_that_cannot_be_logged_does_not_exist(
    tmp_path: Path, single_face_clip: Path
) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    with EmbeddedAudit(tmp_path / "ledger") as audit:
        worker = start(tmp_path, workspace)
        begin(worker, audit.client)
        asking = worker.client()
        source = worker.take_in(asking, portrait("person_a_1.jpg"), "source").item
        target = worker.take_in(asking, single_face_clip).item
        before = sorted(workspace.iterdir())
        wanted = worker_api.Swap([source], target, {"face": 1.0})
        following = asking.follow(f"{NAME}.Swap", wanted, gives=worker_api.Progress)
        next(following)  # it began, and was logged
        os.kill(audit.child, signal.SIGKILL)
        os.waitid(os.P_PID, audit.child, os.WEXITED | os.WNOWAIT)
        with pytest.raises(WireError, match="broke off"):
            list(following)
        assert worker.process.wait(60) == LedgerError.exit_code
        asking.close()
        worker.end()
    assert sorted(workspace.iterdir()) == before
