"""Tracks other than the picture: copied bit by bit, encoded again, or left out and reported."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import av
from av.audio.resampler import AudioResampler

from appliance.errors import InputError
from appliance.pipeline.media.kind import SourceKind
from appliance.pipeline.media.video.encoder import ContainerKind
from appliance.pipeline.media.video.presented import PresentedPackets
from appliance.pipeline.media.video.sound_encoder import (
    add_sound,
    choose_sound,
    copy_stream,
    takes_copy,
)
from appliance.pipeline.media.video.subtitle_header import cleaned_header

_STEREO = 2
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
    """Packets that are presented pass unchanged but for the track that they belong to."""

    target: av.stream.Stream
    presented: PresentedPackets

    def feed(self, packet: av.Packet[Any]) -> Iterator[av.Packet[Any]]:
        """See ``OutputTrack``."""
        for passed in self.presented.pass_on(packet):
            passed.stream = self.target
            yield passed

    def finish(self) -> Iterator[av.Packet[Any]]:
        """Nothing is held back."""
        return iter(())


class ReencodedTrack:
    """Sound that is decoded and encoded in a codec that the container can hold."""

    def __init__(self, source: av.AudioStream, target: av.AudioStream) -> None:
        """``target``: a stream whose encoder is open."""
        context = target.codec_context
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
            yield from self._encode(frame)

    def finish(self) -> Iterator[av.Packet[Any]]:
        """See ``OutputTrack``."""
        for frame in self._decode(None):
            yield from self._encode(frame)
        yield from self._encode(None)
        yield from self._target.encode(None)

    def _encode(self, frame: av.AudioFrame | None) -> Iterator[av.Packet[Any]]:
        try:
            pieces = self._resampler.resample(frame)
        except ValueError as error:
            hint = "Convert the sound first, or leave it out."
            raise InputError("The sound changes its format half-way.", hint) from error
        for piece in pieces:
            yield from self._target.encode(piece)

    def _decode(self, packet: av.Packet[Any] | None) -> list[av.AudioFrame]:
        try:
            return self._source.codec_context.decode(packet)
        except (av.FFmpegError, ValueError) as error:
            hint = "The sound is damaged; copy the file again."
            raise InputError("The sound cannot be decoded.", hint) from error


def add_track(
    output: av.container.OutputContainer,
    source: av.stream.Stream,
    kind: ContainerKind,
    source_kind: SourceKind,
    *,
    is_named: bool = True,
) -> OutputTrack | None:
    """A track of ``output`` for ``source``, or ``None`` if the container cannot hold it.

    Sound that cannot be copied is encoded again. Language and disposition are kept if it
    ``is_named``; titles and other free text never are.
    """
    track: OutputTrack
    if not _is_refused(kind, source) and takes_copy(kind, source):
        target = copy_stream(output, source)
        if source.type == "subtitle":
            context = source.codec_context
            header = cleaned_header(context.codec.canonical_name, context.extradata or b"")
            target.codec_context.extradata = header
        # Edit lists cut away what lies before time 0.
        presented = PresentedPackets(
            starts_at_0=source_kind in ("mp4", "mov"), is_text=source.type == "subtitle"
        )
        track = CopiedTrack(target, presented)
    elif isinstance(source, av.AudioStream):
        sound = choose_sound(kind, source)
        if sound is None:
            return None
        target = add_sound(output, sound)
        track = ReencodedTrack(source, target)
    else:
        return None
    if not is_named:
        return track
    if source.language:
        target.metadata["language"] = source.language
    target.disposition = int(source.disposition & _KEPT_DISPOSITIONS)
    return track


def _is_refused(kind: ContainerKind, source: av.stream.Stream) -> bool:
    """Whether the packets of ``source`` are of a codec that ``kind`` is known to spoil."""
    codec = source.codec_context.codec.canonical_name
    is_surround = isinstance(source, av.AudioStream) and source.codec_context.channels > _STEREO
    return codec in kind.refuses or (is_surround and codec in kind.refuses_surround)
