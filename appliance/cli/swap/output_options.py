"""The options that say how the result is written: container, codec and quality."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast, get_args

import click

from appliance.cli.framework.basic_options import CommandFunction
from appliance.cli.framework.usage_errors import PrivateParamType, PrivateUsageError
from appliance.pipeline.media.kind import VideoKind
from appliance.pipeline.media.quality import DEFAULT_QUALITY, MAX_CRF, QualityWord
from appliance.pipeline.media.video.encoder import (
    CONTAINERS,
    ContainerKind,
    EncoderSettings,
    VideoCodec,
)

_CODECS: Mapping[str, VideoCodec] = MappingProxyType(
    {
        "h264": "libx264",
        "hevc": "libx265",
        "h265": "libx265",
        "vp9": "libvpx-vp9",
        "av1": "libsvtav1",
    }
)
_WORDS = get_args(QualityWord)
_MAX_NUMBER = 100


class QualityType(PrivateParamType):
    """A word, or a number on the scale of the encoder."""

    name = "quality"
    wanted = f"{', '.join(_WORDS)}, or a whole number from 1 to {_MAX_NUMBER}"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> QualityWord | int:
        """Parse ``value``. Raises ``click.BadParameter``."""
        text = str(value).lower()
        if text in _WORDS:
            return cast(QualityWord, text)
        if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= _MAX_NUMBER):
            self.fail(self.wanted, param, ctx)
        return int(text)


_OPTIONS = (
    click.option(
        "--container",
        type=click.Choice(list(CONTAINERS), case_sensitive=False),
        help="Container of a video, where the output's name has no suffix that says it. "
        "[default: the target's; mp4 for MPEG-TS and MPG]",
    ),
    click.option(
        "--codec",
        type=click.Choice(list(_CODECS), case_sensitive=False),
        help="Codec of a video; h265 is another name of hevc. [default: h264, or hevc for more "
        "than 8 bits in MP4 and MOV; in WebM vp9, or av1 for more than 8 bits]",
    ),
    click.option(
        "--quality",
        type=QualityType(),
        metavar="WORD|N",
        help=f"{', '.join(_WORDS)}, or a number: of a video the CRF, from 1 (best) to 51 for h264 "
        "and hevc and to 63 for vp9 and av1; of a JPEG or WebP from 1 to 100 (best). lossless "
        "needs an MKV, AVI or WebP; PNG, TIFF and BMP always are. "
        f"[default: {DEFAULT_QUALITY}, which looks like the target]",
    ),
)
_NAMES = ("container", "codec", "quality")


@dataclass(frozen=True, slots=True)
class OutputRequest:
    """How the result is to be written.

    ``container`` and ``codec``: of a video. ``quality``: a word, or a number on the encoder's
    scale. ``None`` where nothing is asked for.
    """

    container: VideoKind | None = None
    codec: VideoCodec | None = None
    quality: QualityWord | int | None = None

    @property
    def names_video(self) -> bool:
        """Whether an option is used that only videos have."""
        return self.container is not None or self.codec is not None

    def settings(self, kind: ContainerKind) -> EncoderSettings:
        """For a video in a file of ``kind``.

        Raises ``OutputError`` for what such files do not hold, and ``PrivateUsageError`` for a
        number that the encoder does not have.
        """
        word = self.quality if isinstance(self.quality, str) else DEFAULT_QUALITY
        number = self.quality if isinstance(self.quality, int) else None
        largest = MAX_CRF[self.codec or kind.video]
        if number is not None and number > largest:
            raise PrivateUsageError(
                f"The option --quality takes a number from 1, the best, to {largest} here; a "
                "larger one is for photos."
            )
        settings = EncoderSettings(codec=self.codec, quality=word, crf=number)
        settings.check(kind)
        return settings


def output_options(command: CommandFunction) -> CommandFunction:
    """The options that say how the result is written, as one argument ``encoding``."""

    @functools.wraps(command)
    def with_output(**arguments: Any) -> Any:
        container, codec, quality = (arguments.pop(name) for name in _NAMES)
        wanted = OutputRequest(container, _CODECS[codec] if codec else None, quality)
        return command(encoding=wanted, **arguments)

    for option in reversed(_OPTIONS):
        option(with_output)
    return with_output  # type: ignore[return-value]
