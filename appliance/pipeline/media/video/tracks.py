"""Tracks other than the picture: copied bit by bit, encoded again, or left out and reported."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol, cast

import av
from av.audio.resampler import AudioResampler

from appliance.errors import InputError
from appliance.pipeline.media.video.encoder import ContainerKind

# Bits a second for each channel; transparent for AAC, MP3 and Opus.
_BIT_RATE = 96_000
_KEPT_DISPOSITIONS = (
    av.stream.Disposition.default
    | av.stream.Disposition.dub
    | av.stream.Disposition.original
    | av.stream.Disposition.comment
    | av.stream.Disposition.forced
    | av.stream.Disposition.hearing_impaired
    | av.stream.Disposition.visual_impaired
)


class OutputTrack(Protocol):
    """Turns the packets of an input track into those of the output."""

    def feed(self, packet: av.Packet[Any]) -> Iterator[av.Packet[Any]]:
        """The packets that ``packet`` completes."""
        ...

    def finish(self) -> Iterator[av.Packet[Any]]:
        """The packets that were held back."""
        ...


@dataclass(frozen=True, slots=True)
class CopiedTrack:
    """Packets pass unchanged but for the track that they belong to."""

    target: av.stream.Stream

    def feed(self, packet: av.Packet[Any]) -> Iterator[av.Packet[Any]]:
        """See ``OutputTrack``."""
        packet.stream = self.target
        yield packet

    def finish(self) -> Iterator[av.Packet[Any]]:
        """Nothing is held back."""
        return iter(())


class ReencodedTrack:
    """Sound that is decoded and encoded in a codec that the container can hold."""

    def __init__(self, source: av.AudioStream, target: av.AudioStream) -> None:
        """``target``: a new stream of the wanted codec; its layout and bit rate are set here."""
        context = target.codec_context
        context.layout = source.codec_context.layout
        context.bit_rate = _BIT_RATE * source.codec_context.channels
        context.open()
        self._source = source
        self._target = target
        self._resampler = AudioResampler(
            format=context.format,
            layout=context.layout,
            rate=context.sample_rate,
            frame_size=context.frame_size or None,
        )

    def feed(self, packet: av.Packet[Any]) -> Iterator[av.Packet[Any]]:
        """See ``OutputTrack``. Raises ``InputError`` for sound that cannot be decoded."""
        for frame in self._decode(packet):
            for piece in self._resampler.resample(frame):
                yield from self._target.encode(piece)

    def finish(self) -> Iterator[av.Packet[Any]]:
        """See ``OutputTrack``."""
        for frame in self._decode(None):
            for piece in self._resampler.resample(frame):
                yield from self._target.encode(piece)
        for piece in self._resampler.resample(None):
            yield from self._target.encode(piece)
        yield from self._target.encode(None)

    def _decode(self, packet: av.Packet[Any] | None) -> list[av.AudioFrame]:
        try:
            return self._source.codec_context.decode(packet)
        except (av.FFmpegError, ValueError) as error:
            hint = "The sound is damaged; copy the file again."
            raise InputError("The sound cannot be decoded.", hint) from error


def add_track(
    output: av.container.OutputContainer, source: av.stream.Stream, kind: ContainerKind
) -> OutputTrack | None:
    """A track of ``output`` for ``source``, or ``None`` if the container cannot hold it.

    Sound that cannot be copied is encoded again. Language and disposition are kept; titles and
    other free text are not.
    """
    target = _copy_of(output, source, kind)
    track: OutputTrack
    if target is not None:
        track = CopiedTrack(target)
    elif isinstance(source, av.AudioStream):
        rate = 48_000 if kind.audio == "libopus" else source.codec_context.sample_rate
        target = cast("av.AudioStream", output.add_stream(kind.audio, rate=rate))
        track = ReencodedTrack(source, target)
    else:
        return None
    if source.language:
        target.metadata["language"] = source.language
    target.disposition = int(source.disposition & _KEPT_DISPOSITIONS)
    return track


def _copy_of(
    output: av.container.OutputContainer, source: av.stream.Stream, kind: ContainerKind
) -> Any:
    """A stream of ``output`` for the packets of ``source``, or ``None`` if it refuses them."""
    if source.codec_context.codec.canonical_name in kind.refuses:
        return None
    try:
        return output.add_stream_from_template(source, opaque=True)
    except ValueError:
        return None
