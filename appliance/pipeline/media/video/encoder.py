"""Containers, the encoders whose streams they hold, and the encoders' options."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

import cv2

from appliance.errors import OutputError
from appliance.pipeline.media.kind import VideoKind
from appliance.pipeline.media.quality import CRF, DEFAULT_QUALITY, QualityWord
from appliance.pipeline.media.video.hdr import StaticHdr
from appliance.pipeline.media.video.reader import MAX_PIXELS

# SVT-AV1 prints its settings on stderr unless this variable says: fatal errors only.
os.environ["SVT_LOG"] = "0"

VideoCodec: TypeAlias = Literal["libx264", "libx265", "libvpx-vp9", "libsvtav1"]
"""An encoder by FFmpeg's name."""

CODEC_NAMES: Mapping[VideoCodec, str] = {
    "libx264": "h264",
    "libx265": "hevc",
    "libvpx-vp9": "vp9",
    "libsvtav1": "av1",
}
"""By encoder, what people call its codec; FFmpeg too."""


@dataclass(frozen=True, slots=True)
class ContainerKind:
    """What a container can hold.

    ``name``: as messages call it. ``muxer``: FFmpeg's name. ``video`` and ``audio``: the encoders
    by default. ``deep``: the one by default for more than 8 bits. ``codecs``: all that can be asked
    for. ``keeps_format``: its files are for further work, so a pixel format that few players know
    is kept; else the picture becomes 4:2:0 of 8 bits, or of 10 in HEVC and AV1, which all play.
    ``counts_frames``: it has no timestamps, only a constant rate. ``keeps_matrix`` and
    ``keeps_chapters``: it can hold a display matrix, and chapters. ``refuses``: audio codecs that
    FFmpeg's muxer accepts at first and then fails to write, or writes so that they cannot be timed;
    ``refuses_surround``: those of which that is so with more than two channels.
    """

    name: str
    muxer: str
    video: VideoCodec
    audio: str
    codecs: tuple[VideoCodec, ...]
    deep: VideoCodec
    keeps_format: bool = False
    counts_frames: bool = False
    keeps_matrix: bool = True
    keeps_chapters: bool = True
    refuses: frozenset[str] = frozenset()
    refuses_surround: frozenset[str] = frozenset()


CONTAINERS: Mapping[str, ContainerKind] = {
    "mp4": ContainerKind(
        "MP4",
        "mp4",
        "libx264",
        "aac",
        codecs=("libx264", "libx265", "libvpx-vp9", "libsvtav1"),
        deep="libx265",
    ),
    "mov": ContainerKind(
        "MOV",
        "mov",
        "libx264",
        "aac",
        codecs=("libx264", "libx265"),
        deep="libx265",
        refuses=frozenset(("opus", "flac")),
    ),
    "mkv": ContainerKind(
        "MKV",
        "matroska",
        "libx264",
        "libopus",
        codecs=("libx264", "libx265", "libvpx-vp9", "libsvtav1"),
        deep="libx264",
        keeps_format=True,
    ),
    "webm": ContainerKind(
        "WebM",
        "webm",
        "libvpx-vp9",
        "libopus",
        codecs=("libvpx-vp9", "libsvtav1"),
        # The VP9 encoder at hand is built for 8 bits only.
        deep="libsvtav1",
    ),
    "avi": ContainerKind(
        "AVI",
        "avi",
        "libx264",
        "libmp3lame",
        codecs=("libx264",),
        deep="libx264",
        keeps_format=True,
        counts_frames=True,
        keeps_matrix=False,
        keeps_chapters=False,
        refuses=frozenset(("eac3",)),
        refuses_surround=frozenset(("flac",)),
    ),
}

OWN_CODECS: Mapping[VideoKind, str] = {
    "mp4": "h264",
    "mov": "h264",
    "mkv": "h264",
    "webm": "vp9",
    "avi": "h264",
}
"""By container: FFmpeg's name of the codec in which ``WORKING_COPY`` has the picture."""


@dataclass(frozen=True, slots=True)
class EncoderSettings:
    """How to encode.

    ``codec``: ``None`` is the container's default for the picture's depth. ``quality``: a word, see
    :mod:`appliance.pipeline.media.quality`. ``crf``: constant rate factor in the place of the
    word's, lower is better. ``keep_format``: keep the pixel format in every container, and its one
    codec for any depth. ``preset``: of x264 and x265; ``None`` keeps up with the rest of the
    pipeline. ``threads``: 0 is one a core. ``options``: FFmpeg's private options of the encoder,
    which override all others.
    """

    codec: VideoCodec | None = None
    quality: QualityWord = DEFAULT_QUALITY
    crf: int | None = None
    keep_format: bool = False
    preset: str | None = None
    threads: int = 0
    options: Mapping[str, str] = field(default_factory=dict)

    def check(self, kind: ContainerKind) -> None:
        """Raises ``OutputError`` if files of ``kind`` cannot be, or would not play, like this."""
        if self.codec is not None and self.codec not in kind.codecs:
            *others, last = (CODEC_NAMES[codec] for codec in kind.codecs)
            listed = f"{', '.join(others)} or {last}" if others else last
            hint = f"Choose {listed}, or write an MKV."
            raise OutputError(
                f"{kind.name} files are not written with {CODEC_NAMES[self.codec]}.", hint
            )
        if self.quality == "lossless" and not kind.keeps_format:
            hint = "Write an MKV, or ask for the quality best."
            raise OutputError("Few players show a lossless video in this container.", hint)
        if self.quality == "lossless" and self.codec == "libsvtav1":
            raise OutputError("AV1 is not written without loss here.", "Choose another codec.")

    def options_for(
        self, codec: VideoCodec, container: ContainerKind, hdr: StaticHdr
    ) -> dict[str, str]:
        """FFmpeg's options for ``codec``; VP9 cannot hold ``hdr``."""
        options = {}
        if container.counts_frames:
            # Without timestamps the order in the file is the order shown: no reordering.
            options["bf"] = "0"
        options |= self._rate(codec)
        if codec == "libvpx-vp9":
            # The only deadline of libvpx that keeps up with the rest of the pipeline.
            options |= {"b": "0", "deadline": "realtime", "cpu-used": "6", "row-mt": "1"}
        elif codec == "libsvtav1":
            options |= {"preset": _SVT_PRESET, "svtav1-params": _svt_parameters(hdr)}
        elif codec == "libx265":
            options["preset"] = self.preset or _X265_PRESET
            options["x265-params"] = _joined(
                {
                    "log-level": "error",
                    "info": "0",  # no SEI with the version and all options
                    "pools": str(self.thread_count),
                    "master-display": hdr.mastering,
                    "max-cll": hdr.light,
                    "lossless": "1" if self._is_lossless else None,
                }
            )
        else:
            options["preset"] = self.preset or _X264_PRESET
            options["x264-params"] = _joined(
                {
                    "subme": _SUBME,
                    "mastering-display": hdr.mastering,
                    "cll": hdr.light,
                    "asm": x264_instructions(),
                }
            )
        return options | dict(self.options)

    @property
    def thread_count(self) -> int:
        """Threads that the encoder starts."""
        return self.threads or os.cpu_count() or 1

    @property
    def _is_lossless(self) -> bool:
        return self.quality == "lossless" and self.crf is None

    def _rate(self, codec: VideoCodec) -> dict[str, str]:
        if not self._is_lossless:
            return {"crf": str(CRF[codec][self.quality] if self.crf is None else self.crf)}
        lossless = {"libx264": {"qp": "0"}, "libvpx-vp9": {"lossless": "1"}}
        return lossless.get(codec, {})


WORKING_COPY = EncoderSettings(keep_format=True)
"""For a film that is only read here again: in its container's one codec, as close as that can."""

# x265's next slower preset takes 1.7 times as long (1080p, 10 bits, 2 cores, 2026-11-29), for half
# a decibel that a crf of 18 in the place of 20 brings as well.
_X264_PRESET, _X265_PRESET = "veryfast", "superfast"
# x264's effort for subpixel motion. The preset's 2 takes a third more time for 0.4 dB of 50 at the
# same size (1080p, crf 18): too much for an encoder that has to keep up with a camera.
_SUBME = "1"
# Of -1 to 13. Slower ones do not keep up with the rest of the pipeline, faster ones are meant for
# video calls and for tests, as the encoder itself warns.
_SVT_PRESET = "9"
_PAIR = re.compile(r"\((\d+),(\d+)\)")
_CHROMATICITY, _LUMINANCE = 50_000, 10_000  # units of StaticHdr


_CPU_AVX2: Final = 11  # of cv::CpuFeatures


def x264_instructions() -> str | None:
    """What x264 may use of this processor, as its parameter ``asm``; ``None`` for all there is.

    With AVX-512 it makes another film of the same small frames each time (build 165 of PyAV 18.1,
    35 different ones of 40, 2026-11-30); with AVX2 always the same one, and 1080p is no slower.
    """
    return "avx2,fma3,bmi2,lzcnt" if cv2.checkHardwareSupport(_CPU_AVX2) else None


def _joined(parameters: Mapping[str, str | None]) -> str:
    return ":".join(f"{name}={value}" for name, value in parameters.items() if value is not None)


def _svt_parameters(hdr: StaticHdr) -> str:
    """SVT-AV1 wants chromaticities from 0 to 1, and cd/m², where x264 and x265 count in units."""
    mastering = None
    if hdr.mastering is not None:
        points, _, light = hdr.mastering.rpartition("L")
        mastering = _PAIR.sub(lambda pair: _scaled(pair, _CHROMATICITY), points)
        mastering += "L" + _PAIR.sub(lambda pair: _scaled(pair, _LUMINANCE), light)
    return _joined({"mastering-display": mastering, "content-light": hdr.light})


def _scaled(pair: re.Match[str], unit: int) -> str:
    return "({:.5f},{:.5f})".format(*(int(number) / unit for number in pair.groups()))


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
