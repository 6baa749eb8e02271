"""Videos to measure with: a real clip, enlarged and repeated."""

from __future__ import annotations

from fractions import Fraction
from itertools import islice
from pathlib import Path

import av

FPS = 30
ENCODING = {"preset": "veryfast", "crf": "18"}


def make_clip(source: Path, path: Path, frames: int, height: int, first: int = 0) -> None:
    """Frames of ``source`` from ``first`` on at ``height``, there and back, ``frames`` in all."""
    with av.open(str(source)) as opened, av.open(str(path), "w") as sink:
        stream = sink.add_stream("libx264", rate=FPS, options=ENCODING)
        stream.width, stream.height = round(height * 16 / 9 / 2) * 2, height
        stream.pix_fmt = "yuv420p"
        large = []
        for frame in islice(opened.decode(video=0), first, None):
            large.append(frame.reformat(stream.width, height, "yuv420p"))
            if len(large) == min(frames, 5 * FPS):  # 0.5 GB of 1080p
                break
        large += large[::-1]  # so that the loop does not jump
        for index in range(frames):
            frame = large[index % len(large)]
            frame.pts, frame.time_base = index, Fraction(1, FPS)
            frame.pict_type = av.video.frame.PictureType.NONE
            sink.mux(stream.encode(frame))
        sink.mux(stream.encode(None))


def repeat(clip: Path, path: Path, times: int) -> None:
    """``clip`` of one track ``times`` in a row, its packets copied."""
    with av.open(str(clip)) as source:
        picture = source.streams.video[0]
        packets = [packet for packet in source.demux(picture) if packet.size]
        base = picture.time_base or Fraction(1, FPS)
        length = round(Fraction(picture.frames, FPS) / base)
        with av.open(str(path), "w") as sink:
            copy = sink.add_stream_from_template(picture)
            for _ in range(times):
                for packet in packets:
                    packet.stream = copy
                    sink.mux(packet)
                    packet.pts = (packet.pts or 0) + length
                    packet.dts = (packet.dts or 0) + length


def encode_again(clip: Path, path: Path) -> None:
    """``clip`` decoded and encoded, as ``ffmpeg`` does with :data:`ENCODING`."""
    with av.open(str(clip)) as source, av.open(str(path), "w") as sink:
        picture = source.streams.video[0]
        picture.thread_type = "AUTO"
        stream = sink.add_stream("libx264", rate=picture.average_rate, options=ENCODING)
        stream.width, stream.height = picture.width, picture.height
        stream.pix_fmt, stream.time_base = picture.pix_fmt, picture.time_base
        stream.thread_type = "AUTO"
        for frame in source.decode(picture):
            frame.pict_type = av.video.frame.PictureType.NONE
            sink.mux(stream.encode(frame))
        sink.mux(stream.encode(None))
