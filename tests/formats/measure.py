"""What becomes of a film or photo: it is read and written by the real code, and looked at."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from typing import Any, cast

import av
from PIL import Image

from appliance.cli.process.input_files import decode_photo
from appliance.errors import ApplianceError
from appliance.pipeline.media.kind import VideoKind, is_video
from appliance.pipeline.media.photo.encode import PhotoFormat, encode_photo
from appliance.pipeline.media.video.probe import probe
from appliance.pipeline.media.video.transcode import TranscodeReport, transcode

LOST = "LOST"
"""What the table would show for a track that is gone and that no report names."""

_NAMES = {"h264": "H.264", "hevc": "H.265", "vp9": "VP9", "vp8": "VP8", "av1": "AV1"}

# How FFmpeg calls the layout of sound whose container keeps the number of channels only.
_LAYOUTS = {"1 channels": "mono", "2 channels": "stereo"}


class Refusals:
    """Messages of refused cases, numbered in the order in which they are first met."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def number(self, error: ApplianceError) -> int:
        """The number of the message of ``error``, from 1."""
        text = f"{error.message} {error.hint}"
        if text not in self.messages:
            self.messages.append(text)
        return self.messages.index(text) + 1

    def cell(self, measured: Callable[[], str]) -> str:
        """What ``measured`` returns, or that it was refused."""
        try:
            return measured()
        except ApplianceError as error:
            return f"refused ({self.number(error)})"


def picture(film: bytes, container: VideoKind) -> str:
    """Codec and pixel format of the picture in the result, and how players show it."""
    result, report = _rewritten(film, container)
    with av.open(io.BytesIO(result), "r") as opened:
        stream = opened.streams.video[0]
        frame = next(opened.decode(stream))
        codec = stream.codec_context.codec.canonical_name
        parts = [f"{_NAMES.get(codec, codec)} {frame.format.name}"]
        aspect = stream.sample_aspect_ratio
        if aspect not in (None, 0, 1):
            parts.append(f"pixels of {aspect.numerator}:{aspect.denominator}")
        if frame.rotation:
            parts.append(f"turned by {frame.rotation % 360}°")
    return "; ".join([*parts, *_named(report)])


def other(film: bytes, container: VideoKind) -> str:
    """What became of all that the film has but its first picture track."""
    result, report = _rewritten(film, container)
    with av.open(io.BytesIO(film)) as before, av.open(io.BytesIO(result)) as after:
        wanted, found = _others(before), _others(after)
    named = _named(report)
    if not found:
        return "; ".join(["left out", *named]) if named else LOST
    if len(found) < len(wanted) and not named:
        return LOST
    if report.tracks.reencoded or found != wanted:
        return "; ".join([f"converted to {', '.join(found)}", *named])
    return "; ".join(["copied", *named])


def _named(report: TranscodeReport) -> list[str]:
    """What the summary of such a film names, in `code`."""
    converted = getattr(report, "converted", ())
    return [f"`{words}`" for words in (*converted, *report.tracks.dropped)]


def photo(data: bytes, form: PhotoFormat) -> str:
    """Depth, channels and profile of the result."""
    return _photo_facts(encode_photo(decode_photo(io.BytesIO(data), "The file"), form), form)


def taken(data: bytes) -> str:
    """Whether the file is read at all, and as what."""
    file = io.BytesIO(data)
    if is_video(file):
        info = probe(file)
        return f"read as a film ({info.container})"
    return f"read as a photo ({decode_photo(file, 'The file', video_too=True).kind})"


def _rewritten(film: bytes, container: VideoKind) -> tuple[bytes, TranscodeReport]:
    sink = io.BytesIO()
    report = transcode(io.BytesIO(film), sink, lambda *_: None, container=container)
    return sink.getvalue(), report


def _others(opened: Any) -> list[str]:
    """Each track but the first picture by codec and layout, then each chapter."""
    pictures = [track for track in opened.streams.video if not _is_cover(track)]
    names = []
    for track in opened.streams:
        if track is pictures[0]:
            continue
        context = track.codec_context
        name = "unknown" if context is None else context.codec.canonical_name
        if track.type == "audio" and context is not None:
            layout = _LAYOUTS.get(context.layout.name, context.layout.name)
            name = f"{name} {layout} at {context.sample_rate} Hz"
        names.append(name)
    return [*names, *("chapter" for _ in opened.chapters())]


def _is_cover(track: Any) -> bool:
    return bool(track.disposition & av.stream.Disposition.attached_pic)


def _photo_facts(data: bytes, form: str) -> str:
    with Image.open(io.BytesIO(data)) as opened:
        bits = _png_bits(data) if form == "png" else 8
        if form == "tiff":
            bits = max(cast(Any, opened).tag_v2[258])
        channels = "grey" if opened.mode[0] in "L1I" else "RGB"
        alpha = "A" in opened.getbands() or "transparency" in opened.info
        profile = bool(opened.info.get("icc_profile"))
    parts = (f"{bits} bit {channels}", *(["alpha"] * alpha), *(["profile"] * profile))
    return ", ".join(parts)


def _png_bits(data: bytes) -> int:
    depth, _ = struct.unpack_from("BB", data, 24)  # after width and height in IHDR
    return int(depth)
