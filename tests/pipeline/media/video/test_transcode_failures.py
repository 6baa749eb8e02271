from __future__ import annotations

import _thread
import io
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from appliance.errors import InputError, OutputError
from appliance.files.output import PendingOutput
from appliance.pipeline.media.canvas import Box
from appliance.pipeline.media.video import reader, writer
from appliance.pipeline.media.video.canvas import VideoCanvas
from appliance.pipeline.media.video.reader import FrameInfo
from appliance.pipeline.media.video.transcode import transcode
from tests.pipeline.media.clips import Clip, Sound, decode, make

LONG = Clip(frames=120, sounds=[Sound()])


def leave(canvas: VideoCanvas, info: FrameInfo) -> None:
    """No edit."""


def threads() -> set[str]:
    return {thread.name for thread in threading.enumerate()} & {"decode", "encode"}


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit, OutputError])
@pytest.mark.parametrize("index", [0, 7, 119])
def test_an_exception_in_the_edit_ends_everything(
    tmp_path: Path, error: type[BaseException], index: int
) -> None:
    raised = error("no", "way") if error is OutputError else error("no")

    def fail(_: VideoCanvas, info: FrameInfo) -> None:
        if info.index == index:
            raise raised

    with PendingOutput(tmp_path / "out.mp4") as output, pytest.raises(error) as caught:
        transcode(io.BytesIO(make(LONG)), output.file, fail, container="mp4")
    assert caught.value is raised
    assert not threads()
    assert list(tmp_path.iterdir()) == []


def test_an_exception_in_the_encoder_ends_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(writer.VideoWriter, "write_frame", fail)
    with pytest.raises(ZeroDivisionError):
        transcode(io.BytesIO(make(LONG)), io.BytesIO(), leave, container="mp4")
    assert not threads()


class Failing(io.BytesIO):
    """A disk that fills up, or breaks, after so many bytes."""

    def __init__(self, room: int, error: BaseException) -> None:
        super().__init__()
        self.room = room
        self.error = error

    def write(self, data: Any, /) -> int:
        self.room -= len(data)
        if self.room < 0:
            raise self.error
        return super().write(data)


@pytest.mark.parametrize("container", ["mp4", "mkv", "webm", "avi"])
@pytest.mark.parametrize("room", [0, 1000, 20_000])
def test_a_full_disk_is_an_output_error(
    container: Any, room: int, capfd: pytest.CaptureFixture[str]
) -> None:
    sink = Failing(room, OSError(28, "No space left on device", "/home/jane_doe/face.mp4"))
    data = make(Clip(frames=60, size=(320, 240)))
    with pytest.raises(OutputError, match="space"):
        transcode(io.BytesIO(data), sink, leave, container=container)
    assert not threads()
    assert "jane" not in "".join(capfd.readouterr())


def test_a_disk_full_at_the_very_end_is_an_output_error() -> None:
    data = make(LONG)
    whole = io.BytesIO()
    transcode(io.BytesIO(data), whole, leave, container="mp4")
    # Short of the index by less than its size; x264 varies by some bytes from run to run.
    sink = Failing(len(whole.getvalue()) - 1000, OSError(28, "No space left on device"))
    with pytest.raises(OutputError, match="space"):
        transcode(io.BytesIO(data), sink, leave, container="mp4")


def test_a_source_that_cannot_be_read_is_an_input_error() -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() > 5_000:
                raise OSError(5, "Input/output error")
            return super().read(size)

    with pytest.raises(InputError):
        transcode(Broken(make(Clip(frames=120))), io.BytesIO(), leave, container="mp4")
    assert not threads()


SOURCES = {
    "mp4": Clip(frames=48, sounds=[Sound()]),
    "index first": Clip(frames=48, muxer_options={"movflags": "frag_keyframe+empty_moov"}),
    "mkv": Clip(container="mkv", frames=48, sounds=[Sound()]),
    "webm": Clip(container="webm", codec="libvpx-vp9", frames=48),
    "avi": Clip(container="avi", codec="mpeg4", frames=48),
    "mov": Clip(container="mov", frames=48),
}


@pytest.mark.parametrize("share", [0.01, 0.3, 0.6, 0.9, 0.99])
@pytest.mark.parametrize("name", SOURCES)
def test_a_video_cut_short_is_an_input_error(tmp_path: Path, name: str, share: float) -> None:
    data = make(SOURCES[name])
    data = data[: int(len(data) * share)]
    with PendingOutput(tmp_path / "out.mkv") as output, pytest.raises(InputError):
        transcode(io.BytesIO(data), output.file, leave, container="mkv")
    assert list(tmp_path.iterdir()) == []
    assert not threads()


def index_first(data: bytes) -> bytes:
    """An MP4 with its index moved before the pictures, as for streaming."""
    start, end = data.index(b"mdat") - 4, data.index(b"moov") - 4
    moov = bytearray(data[end:])
    at = 0
    while (at := moov.find(b"stco", at + 1)) > 0:
        for place in range(int.from_bytes(moov[at + 8 : at + 12], "big")):
            entry = slice(at + 12 + 4 * place, at + 16 + 4 * place)
            offset = int.from_bytes(moov[entry], "big") + len(moov)
            moov[entry] = offset.to_bytes(4, "big")
    return data[:start] + bytes(moov) + data[start:end]


@pytest.mark.parametrize("at_a_packet_s_end", [False, True])
def test_an_mp4_whose_lengths_hide_its_lost_end_is_an_input_error(
    at_a_packet_s_end: bool,
) -> None:
    """The index comes first and promises frames, the last box claims to end where the file does."""
    data = index_first(make(Clip(frames=48)))
    transcode(io.BytesIO(data), io.BytesIO(), leave, container="mp4")
    with av.open(io.BytesIO(data), "r") as container:
        places = [packet.pos for packet in container.demux(video=0) if packet.pos is not None]
    cut = bytearray(data[: max(places) + (0 if at_a_packet_s_end else 5)])
    box = cut.index(b"mdat") - 4
    cut[box : box + 4] = (len(cut) - box).to_bytes(4, "big")
    message = "cut short" if at_a_packet_s_end else "damaged or cut short"
    with pytest.raises(InputError, match=message):
        transcode(io.BytesIO(bytes(cut)), io.BytesIO(), leave, container="mp4")


@pytest.mark.parametrize("seed", range(12))
def test_damaged_pictures_are_never_concealed(seed: int) -> None:
    """Bytes of the coded pictures change: the result is right for what was decoded, or refused.

    H.264 detects most damage, not all; what is refused must be refused as bad input.
    """
    data = bytearray(make(Clip(frames=48, options={"crf": "10"})))
    random = np.random.default_rng(seed)
    start, end = data.index(b"mdat") + 2000, data.index(b"moov") - 1000
    at = int(random.integers(start, end))
    data[at : at + 400] = random.integers(0, 256, 400, dtype=np.uint8).tobytes()
    with pytest.raises(InputError):
        transcode(io.BytesIO(bytes(data)), io.BytesIO(), leave, container="mp4")


def test_frames_that_the_decoder_repaired_are_refused() -> None:
    """Two bytes change: FFmpeg conceals that and says so in a flag, where H.264 can notice."""
    whole = make(Clip(frames=48, options={"crf": "10"}))
    start, end = whole.index(b"mdat") + 2000, whole.index(b"moov") - 1000
    refused = 0
    for seed in range(20):
        random, data = np.random.default_rng(seed), bytearray(whole)
        at = int(random.integers(start, end))
        data[at : at + 2] = bytes([data[at] ^ 0x5A, data[at + 1] ^ 0xA5])
        try:
            transcode(io.BytesIO(bytes(data)), io.BytesIO(), leave, container="mp4")
        except InputError as error:
            refused += error.message == "A part of the video is damaged."
    assert refused >= 10


@pytest.mark.parametrize("name", ["mkv", "webm"])
def test_a_damaged_cluster_is_not_skipped(name: str) -> None:
    """FFmpeg would go on with the next cluster, some frames later."""
    data = bytearray(make(replace(SOURCES[name], frames=288, options={"g": "12"})))
    middle = data.index(b"\x1f\x43\xb6\x75", len(data) // 3)
    data[middle : middle + 12] = bytes(12)
    with pytest.raises(InputError):
        transcode(io.BytesIO(bytes(data)), io.BytesIO(), leave, container="mkv")


def test_a_changing_picture_size_is_an_input_error() -> None:
    clip = Clip("mkv", "mjpeg", "yuvj420p", colour=(5, 1, 1, 2))
    first = av.open(io.BytesIO(make(clip)), "r")
    second = av.open(io.BytesIO(make(replace(clip, size=(64, 64)))), "r")
    sink = io.BytesIO()
    output = av.open(sink, "w", format="matroska")
    track = output.add_stream_from_template(first.streams.video[0], opaque=True)
    for offset, source in ((0, first), (1000, second)):
        for packet in source.demux(source.streams.video[0]):
            if packet.size and packet.pts is not None:
                packet.pts = packet.dts = packet.pts + offset
                packet.stream = track
                output.mux(packet)
    output.close()
    with pytest.raises(InputError, match="size"):
        transcode(sink, io.BytesIO(), leave, container="mp4")


def test_ctrl_c_in_the_middle_leaves_no_file_and_no_thread(tmp_path: Path) -> None:
    def interrupt(_: VideoCanvas, info: FrameInfo) -> None:
        if info.index == 5:
            _thread.interrupt_main()

    with PendingOutput(tmp_path / "out.mp4") as output, pytest.raises(KeyboardInterrupt):
        transcode(io.BytesIO(make(LONG)), output.file, interrupt, container="mp4")
    assert not threads()
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_gets_sigint_ends_at_once(tmp_path: Path) -> None:
    code = """
import io, sys, time
from appliance.files.output import PendingOutput
from appliance.pipeline.media.video.transcode import transcode
def slow(canvas, info):
    print(info.index, flush=True)
    time.sleep(0.05)
with open(sys.argv[1], "rb") as source, PendingOutput(sys.argv[2]) as output:
    transcode(source, output.file, slow, container="mp4")
    output.commit()
"""
    source = tmp_path / "in.mp4"
    source.write_bytes(make(LONG))
    command = [sys.executable, "-c", code, str(source), str(tmp_path / "out.mp4")]
    pipe, null = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(command, stdout=pipe, stderr=null) as process:
        assert process.stdout is not None
        assert any(b"3" in line for line in process.stdout)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) in (-signal.SIGINT, 130)
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


PEAK = """
import io, sys
from appliance.pipeline.media.video.transcode import transcode
class Nowhere(io.RawIOBase):
    at = 0
    def writable(self): return True
    def seekable(self): return True
    def write(self, data): self.at += len(data); return len(data)
    def seek(self, to, whence=0): self.at = to; return to
    def tell(self): return self.at
class Repeat:
    scale = 4
    def enlarge(self, image): return image.repeat(4, 0).repeat(4, 1)
enlarger = Repeat() if sys.argv[2] == "4" else None
with open(sys.argv[1], "rb") as source:
    done = transcode(source, Nowhere(), lambda *_: None, container="mkv", enlarger=enlarger)
# Not getrusage: its peak survives exec, and so would be that of the tests themselves.
with open("/proc/self/status") as status:
    peak = next(line.split()[1] for line in status if line.startswith("VmHWM"))
print(done.frames, peak)
"""


@pytest.mark.parametrize("scale", [1, 4])
def test_memory_does_not_grow_with_length(tmp_path: Path, scale: int) -> None:
    peaks = {}
    for frames in (100, 600):
        path = tmp_path / f"{frames}.mp4"
        clip = Clip(
            frames=frames, size=(320 // scale, 240 // scale), options={"preset": "ultrafast"}
        )
        path.write_bytes(make(clip))
        done = subprocess.run(
            [sys.executable, "-c", PEAK, str(path), str(scale)],
            check=True,
            capture_output=True,
            text=True,
        )
        count, peak = map(int, done.stdout.split())
        assert count == frames
        peaks[frames] = peak
    # 500 more frames would be 56 MiB if they were kept.
    assert peaks[600] - peaks[100] < 12 * 1024


def test_a_slow_edit_holds_the_decoder_back() -> None:
    """The queues are bounded: while the first frame is edited, only a few more are decoded."""
    decoded: list[int] = []
    real = reader.VideoReader.items

    def note(self: reader.VideoReader, others: Any) -> Any:
        for item in real(self, others):
            decoded.append(1)
            yield item

    waited: list[int] = []

    def slow(_: VideoCanvas, info: FrameInfo) -> None:
        if info.index == 0:
            before = -1
            while before != len(decoded):
                before = len(decoded)
                time.sleep(0.1)
            waited.append(before)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader.VideoReader, "items", note)
        transcode(io.BytesIO(make(Clip(frames=120))), io.BytesIO(), slow, container="mp4")
    assert waited[0] <= 12


def test_edits_do_not_leak_into_later_frames() -> None:
    """A decoder predicts from the frames it gave away; an edit must not change its memory."""
    data = make(Clip(frames=48, options={"bf": "0", "g": "100"}))
    box, full = Box(0, 0, 96, 64), np.ones((64, 96), np.bool_)
    seen = []

    def blacken_even(canvas: VideoCanvas, info: FrameInfo) -> None:
        seen.append(canvas.read(box))
        if info.index % 2 == 0:
            canvas.write(box, np.zeros((64, 96, 3), np.uint8), full)

    transcode(io.BytesIO(data), io.BytesIO(), blacken_even, container="mp4")
    for frame, read in zip(decode(data), seen, strict=True):
        assert np.array_equal(VideoCanvas(frame).read(box), read)


def test_the_real_disk_being_full(tmp_path: Path) -> None:
    """On a file system of 256 KiB, where this process may mount one."""
    mount = tmp_path / "small"
    mount.mkdir()
    made = subprocess.run(
        ["/bin/mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(mount)],
        check=False,
        capture_output=True,
    )
    # Else no file may grow beyond 64 KiB, which fails a write in the same way.
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))"
    code = limit if made.returncode else ""
    program = f"""
{code}
import io, os, sys
from appliance.errors import OutputError
from appliance.pipeline.media.video.encoder import EncoderSettings
from appliance.files.output import PendingOutput
from appliance.pipeline.media.video.transcode import transcode
try:
    with open(sys.argv[1], "rb") as source, PendingOutput(sys.argv[2]) as output:
        settings = EncoderSettings(crf=1)
        transcode(source, output.file, lambda *_: None, container="mp4", settings=settings)
        output.commit()
except OutputError as error:
    print(error.message, os.listdir(os.path.dirname(sys.argv[2])))
"""
    source = tmp_path / "in.mp4"
    source.write_bytes(make(Clip(frames=100, size=(640, 480), options={"crf": "5"})))
    try:
        done = subprocess.run(
            [sys.executable, "-c", program, str(source), str(mount / "out.mp4")],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
    finally:
        if not made.returncode:
            subprocess.run(["/bin/umount", str(mount)], check=True)
    assert done.stdout.strip() == "The result cannot be written: there is no space left. []"
