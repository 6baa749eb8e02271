"""The tracks beside the picture: copied bit by bit, re-encoded, or left out and named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol, cast

import av
from av.audio.resampler import AudioResampler

from appliance.errors import InputError
from appliance.pipeline.media.video.encoder import ContainerKind

_BIT_RATE = 96_000  # a channel; transparent for AAC, MP3 and Opus alike
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
    """Turns a source track's packets into the output's."""

    def feed(self, packet: av.Packet[Any]) -> Iterator[av.Packet[Any]]:
        """What ``packet`` becomes, now."""
        ...

    def finish(self) -> Iterator[av.Packet[Any]]:
        """What was held back."""
        ...


@dataclass(frozen=True, slots=True)
class CopiedTrack:
    """Packets pass as they are; only the track they belong to changes."""

    target: av.stream.Stream

    def feed(self, packet: av.Packet[Any]) -> Iterator[av.Packet[Any]]:
        """See ``OutputTrack``."""
        packet.stream = self.target
        yield packet

    def finish(self) -> Iterator[av.Packet[Any]]:
        """Nothing is held back."""
        return iter(())


class ReencodedTrack:
    """Sound in a codec that the container does not hold, decoded and encoded anew."""

    def __init__(self, source: av.AudioStream, target: av.AudioStream) -> None:
        """``target``: a fresh stream of the wanted codec; it takes layout and rate from here."""
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
    """A track of ``output`` for ``source``, or ``None`` if the container has no way to hold it.

    Sound that cannot be copied is encoded anew. Language and disposition go along; titles and
    other free text do not.
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
