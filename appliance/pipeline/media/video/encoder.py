"""The encoder, its options and the pixel format of an output."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Literal, TypeAlias, get_args

import av

from appliance.errors import OutputError
from appliance.pipeline.media.kind import VideoKind
from appliance.pipeline.media.video.hdr import StaticHdr
from appliance.pipeline.media.video.pixel_layout import layout_of
from appliance.pipeline.media.video.reader import MAX_PIXELS

VideoCodec: TypeAlias = Literal["libx264", "libx265", "libvpx-vp9"]


@dataclass(frozen=True, slots=True)
class ContainerKind:
    """What a container can hold.

    ``muxer``: FFmpeg's name. ``video`` and ``audio``: the encoders by default. ``counts_frames``:
    it has no timestamps, only a constant rate. ``keeps_matrix`` and ``keeps_chapters``: it can hold
    a display matrix, and chapters. ``refuses``: audio codecs that FFmpeg's muxer accepts at first
    and then fails to write, or writes so that they cannot be timed; ``refuses_surround``: those of
    which that is so with more than two channels.
    """

    muxer: str
    video: VideoCodec
    audio: str
    counts_frames: bool = False
    keeps_matrix: bool = True
    keeps_chapters: bool = True
    refuses: frozenset[str] = frozenset()
    refuses_surround: frozenset[str] = frozenset()


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
        refuses=frozenset(("eac3",)),
        refuses_surround=frozenset(("flac",)),
    ),
}

OWN_CODECS: Mapping[VideoKind, str] = {
    kind: "vp9" if CONTAINERS[kind].video == "libvpx-vp9" else "h264"
    for kind in get_args(VideoKind)
}
"""By container: FFmpeg's name of the codec in which the picture is written by default."""

_CRF: Mapping[VideoCodec, int] = {"libx264": 18, "libx265": 20, "libvpx-vp9": 24}


@dataclass(frozen=True, slots=True)
class EncoderSettings:
    """How to encode.

    ``codec``: ``None`` is the container's default. ``crf``: constant quality, lower is better;
    ``None`` is 18 for H.264, 20 for H.265 and 24 for VP9, which look like the source. ``preset``:
    of x264 and x265. ``threads``: 0 is one a core. ``options``: FFmpeg's private options of the
    encoder, which override all others.
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
        """FFmpeg's options for ``codec``; VP9 cannot hold ``hdr``."""
        crf = self.crf if self.crf is not None else _CRF[codec]
        options = {"crf": str(crf)}
        if container.counts_frames:
            # Without timestamps the order in the file is the order shown: no reordering.
            options["bf"] = "0"
        if codec == "libvpx-vp9":
            # The only deadline of libvpx that keeps up with the rest of the pipeline.
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
        """Threads that the encoder starts."""
        return self.threads or os.cpu_count() or 1


# x264's effort for subpixel motion. The preset's 2 takes a third more time for 0.4 dB of 50 at the
# same size (1080p, crf 18): too much for an encoder that has to keep up with a camera.
_SUBME = "1"


def _joined(parameters: Mapping[str, str | None]) -> str:
    return ":".join(f"{name}={value}" for name, value in parameters.items() if value is not None)


# Pixels: x264's limit, and about that of the highest levels of H.265 and VP9.
MAX_SIDE = 16_384


def check_size(width: int, height: int) -> None:
    """Raises ``OutputError`` for a picture too large to be encoded, or to be read here again."""
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        limit = MAX_PIXELS // 1_000_000
        raise OutputError(
            f"The result would be larger than {MAX_SIDE} pixels a side or {limit} megapixels.",
            "Enlarge it less, or scale the target down first.",
        )


# Planar families by how many pixels, across and down, share a chroma sample of the source; nearest
# first. Their names are FFmpeg's at 8 bits.
_FAMILIES: Mapping[tuple[int, int], Sequence[str]] = {
    (2, 2): ("yuv420p", "yuv422p", "yuv444p"),
    (2, 1): ("yuv422p", "yuv444p"),
}
_DEPTHS = (8, 10, 12)


def choose_pixel_format(codec: VideoCodec, source: str, width: int, height: int) -> str:
    """The format to edit and encode in: ``source`` itself, or the one that loses least of it.

    x264 and x265 need whole chroma samples. A size that has none becomes 4:4:4, which keeps it
    exactly, where padding or cropping would not. A depth beyond the encoder's becomes its deepest.
    Raises ``OutputError`` if the encoder has no format that can be edited.
    """
    encodable = {item.name for item in av.Codec(codec, "w").video_formats or ()}
    usable = {name for name in encodable if layout_of(name)}
    pixel = av.VideoFormat(source, 16, 16)
    across, down = 16 // pixel.chroma_width(16), 16 // pixel.chroma_height(16)
    has_whole_samples = codec == "libvpx-vp9" or (width % across == 0 and height % down == 0)
    if source in usable and has_whole_samples:
        return source
    if len(pixel.components) <= 2 and not pixel.has_palette and not pixel.is_rgb:
        is_even = width % 2 == 0 and height % 2 == 0
        families: Sequence[str] = ("gray", "yuv420p" if is_even else "yuv444p")
    else:
        families = _FAMILIES.get((across, down) if has_whole_samples else (1, 1), ("yuv444p",))
    depths = _nearest_depths(max(part.bits for part in pixel.components))
    for bits, family in product(depths, families):
        name = family if bits == 8 else f"{family}{bits}le"
        if name in usable:
            return name
    raise OutputError("The encoder has no fitting pixel format.", "Choose another codec.")


def _nearest_depths(depth: int) -> list[int]:
    """Bits a sample: the least that loses nothing first, then the deepest."""
    return [bits for bits in _DEPTHS if bits >= depth] + sorted(_DEPTHS, reverse=True)
