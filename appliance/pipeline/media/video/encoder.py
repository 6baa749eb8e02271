"""Which encoder and which pixel format a result gets."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import av

from appliance.errors import OutputError
from appliance.pipeline.media.video.hdr import StaticHdr
from appliance.pipeline.media.video.pixel_layout import layout_of
from appliance.pipeline.media.video.reader import MAX_PIXELS

VideoCodec: TypeAlias = Literal["libx264", "libx265", "libvpx-vp9"]


@dataclass(frozen=True, slots=True)
class ContainerKind:
    """What a container can hold.

    ``muxer``: FFmpeg's name. ``counts_frames``: it has no timestamps, only a constant rate.
    ``keeps_matrix``: it has a place for a display matrix. ``keeps_chapters``: likewise.
    ``refuses``: codecs of sound that it claims to hold and then does not.
    """

    muxer: str
    video: VideoCodec
    audio: str
    counts_frames: bool = False
    keeps_matrix: bool = True
    keeps_chapters: bool = True
    refuses: frozenset[str] = frozenset()


CONTAINERS: Mapping[str, ContainerKind] = {
    "mp4": ContainerKind("mp4", "libx264", "aac"),
    "mov": ContainerKind("mov", "libx264", "aac", refuses=frozenset(("opus", "flac"))),
    "mkv": ContainerKind("matroska", "libx264", "libopus"),
    "webm": ContainerKind("webm", "libvpx-vp9", "libopus"),
    "avi": ContainerKind(
        "avi",
        "libx264",
        "libmp3lame",
        counts_frames=True,
        keeps_matrix=False,
        keeps_chapters=False,
    ),
}


_CRF: Mapping[VideoCodec, int] = {"libx264": 18, "libx265": 20, "libvpx-vp9": 24}


@dataclass(frozen=True, slots=True)
class EncoderSettings:
    """How to encode.

    ``codec``: ``None`` takes the container's own. ``crf``: constant quality, lower is better;
    ``None`` takes 18 for H.264, 20 for H.265, 24 for VP9, all close to the source for the eye.
    ``preset``: of x264 and x265. ``threads``: 0 is one a core. ``options``: FFmpeg's private
    options of the encoder, which win over everything else.
    """

    codec: VideoCodec | None = None
    crf: int | None = None
    preset: str = "veryfast"
    threads: int = 0
    options: Mapping[str, str] = field(default_factory=dict)

    def codec_for(self, container: ContainerKind) -> VideoCodec:
        """The encoder's name. Raises ``OutputError`` if the container cannot hold its stream."""
        codec = self.codec or container.video
        if container.muxer == "webm" and codec != "libvpx-vp9":
            raise OutputError("WebM holds VP9 only.", "Leave the codec out or write an MKV.")
        return codec

    def options_for(
        self, codec: VideoCodec, container: ContainerKind, hdr: StaticHdr
    ) -> dict[str, str]:
        """FFmpeg options of ``codec``; VP9 has no place for ``hdr``."""
        crf = self.crf if self.crf is not None else _CRF[codec]
        options = {"crf": str(crf)}
        if container.counts_frames:
            # Without timestamps a frame's place in the file is its time: no reordering.
            options["bf"] = "0"
        if codec == "libvpx-vp9":
            # Realtime is the only speed of libvpx that keeps up with the rest of the pipeline.
            options |= {"b": "0", "deadline": "realtime", "cpu-used": "6", "row-mt": "1"}
        elif codec == "libx265":
            options["preset"] = self.preset
            options["x265-params"] = _joined(
                {
                    "log-level": "error",
                    "pools": str(self.thread_count),
                    "master-display": hdr.mastering,
                    "max-cll": hdr.light,
                }
            )
        else:
            options["preset"] = self.preset
            options["x264-params"] = _joined(
                {"subme": _SUBME, "mastering-display": hdr.mastering, "cll": hdr.light}
            )
        return options | dict(self.options)

    @property
    def thread_count(self) -> int:
        """Encoder threads to start."""
        return self.threads or os.cpu_count() or 1


_SUBME = "1"
"""x264's effort for motion between pixels. The preset's 2 takes a third more time for 0.4 dB of 50
at the same size (1080p, crf 18): too much for what has to keep up with a camera."""


def _joined(parameters: Mapping[str, str | None]) -> str:
    return ":".join(f"{name}={value}" for name, value in parameters.items() if value is not None)


MAX_SIDE = 16_384
"""Pixels; where x264 ends, and nearly where the levels of H.265 and VP9 do."""


def check_size(width: int, height: int) -> None:
    """Raise ``OutputError`` for a picture too large to encode, or to be read by us again."""
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        limit = MAX_PIXELS // 1_000_000
        raise OutputError(
            f"The result would be larger than {MAX_SIDE} pixels a side or {limit} megapixels.",
            "Enlarge it less, or scale the target down first.",
        )


def choose_pixel_format(codec: VideoCodec, source: str, width: int, height: int) -> str:
    """The format to edit and encode in: the source's own, or the nearest that loses least.

    x264 and x265 need whole chroma samples: an odd size becomes 4:4:4, which keeps the size exact
    where padding or cropping would not. Deeper than the encoder can: its deepest.
    """
    supported = {item.name for item in av.Codec(codec, "w").video_formats or ()}
    wanted = av.VideoFormat(source, 16, 16)
    across, down = 16 // wanted.chroma_width(16), 16 // wanted.chroma_height(16)
    is_even = codec == "libvpx-vp9" or (width % across == 0 and height % down == 0)
    if source in supported and layout_of(source) and is_even:
        return source
    depth = max(part.bits for part in wanted.components)
    if len(wanted.components) <= 2 and not wanted.has_palette and not wanted.is_rgb:
        families = ["gray", "yuv420p" if width % 2 == 0 == height % 2 else "yuv444p"]
    elif (across, down) == (2, 2) and is_even:
        families = ["yuv420p", "yuv422p", "yuv444p"]
    elif (across, down) == (2, 1) and is_even:
        families = ["yuv422p", "yuv444p"]
    else:
        families = ["yuv444p"]
    depths = [bits for bits in (8, 10, 12) if bits >= depth] + [12, 10, 8]
    for bits in depths:
        for family in families:
            name = family if bits == 8 else f"{family}{bits}le"
            if name in supported and layout_of(name):
                return name
    raise OutputError("The encoder has no fitting pixel format.", "Choose another codec.")
