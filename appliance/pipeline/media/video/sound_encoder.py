"""How sound is encoded again: the nearest layout and rate that an encoder and the container have.

Neither FFmpeg nor PyAV lists what an encoder takes, let alone a muxer. So they are asked by trial:
an encoder is opened, and a container's header written to memory.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import av

from appliance.pipeline.media.video.encoder import ContainerKind

# FFmpeg's named layouts by number of channels, its own default for that number first.
_LAYOUTS: Mapping[int, tuple[str, ...]] = {
    1: ("mono",),
    2: ("stereo",),
    3: ("2.1", "3.0", "3.0(back)"),
    4: ("4.0", "quad", "quad(side)", "3.1"),
    5: ("5.0", "5.0(side)", "4.1"),
    6: ("5.1", "5.1(side)", "6.0", "6.0(front)", "hexagonal", "3.1.2"),
    7: ("6.1", "6.1(back)", "6.1(front)", "7.0", "7.0(front)"),
    8: ("7.1", "7.1(wide)", "7.1(wide-side)", "octagonal", "cube", "5.1.2"),
}
# Tried after the container's own encoder, for sound with more channels than that takes.
_OTHER_ENCODERS = ("aac", "libopus", "ac3", "flac", "pcm_s16le")
# Opus for channels without positions, up to 255 of them (RFC 7845, 5.1.1.4).
_ANY_CHANNELS = {"mapping_family": "255"}
# Bits a second for each channel; transparent for AAC, MP3 and Opus.
_BIT_RATE = 96_000
_OPUS_RATE = 48_000


@dataclass(frozen=True, slots=True)
class SoundFormat:
    """What to encode. ``encoder``: FFmpeg's name. ``rate``: Hz. ``layout``: FFmpeg's name."""

    encoder: str
    rate: int
    layout: str
    bit_rate: int
    options: Mapping[str, str] = field(default_factory=dict)

    def set_up(self, context: Any) -> None:
        """Give these values to the context of a new encoder, and open it."""
        context.sample_rate = self.rate
        context.layout = self.layout
        context.bit_rate = self.bit_rate
        context.options = dict(self.options)
        context.open()


def named_layout(layout: av.AudioLayout) -> str:
    """The name of ``layout``; of one without positions, the usual name for as many channels."""
    if _is_unnamed(layout):
        return _LAYOUTS.get(layout.nb_channels, (layout.name,))[0]
    return layout.name


def choose_sound(kind: ContainerKind, source: av.AudioStream) -> SoundFormat | None:
    """The nearest to ``source`` that ``kind`` takes, with as many channels; ``None`` if nothing."""
    context = source.codec_context
    for candidate in _candidates(kind, context.layout, context.sample_rate):
        if _is_taken(kind, partial(add_sound, sound=candidate)):
            return candidate
    return None


def takes_copy(kind: ContainerKind, source: av.stream.Stream) -> bool:
    """Whether the muxer of ``kind`` takes the packets of ``source`` as they are."""
    return _is_taken(kind, lambda trial: copy_stream(trial, source))


def _is_unnamed(layout: av.AudioLayout) -> bool:
    """Whether the positions of the channels are not known."""
    return any(channel.name == "NONE" for channel in layout.channels)


def copy_stream(output: av.container.OutputContainer, source: av.stream.Stream) -> Any:
    """A stream of ``output`` for the packets of ``source``. Raises ``ValueError``."""
    target: Any = output.add_stream_from_template(source, opaque=True)
    if isinstance(source, av.AudioStream):
        # MP4 writes no sound whose channels have no positions, as AVI and MKV hold it.
        target.codec_context.layout = named_layout(source.codec_context.layout)
    return target


def _candidates(kind: ContainerKind, layout: av.AudioLayout, rate: int) -> Iterator[SoundFormat]:
    channels = layout.nb_channels
    bits = _BIT_RATE * channels
    for encoder in (kind.audio, *(name for name in _OTHER_ENCODERS if name != kind.audio)):
        for name in _nearest_layouts(layout):
            yield SoundFormat(encoder, _nearest_rate(encoder, rate), name, bits)
    yield SoundFormat("libopus", _OPUS_RATE, named_layout(layout), bits, _ANY_CHANNELS)


def _nearest_layouts(layout: av.AudioLayout) -> list[str]:
    """Names of layouts of as many channels: those that share most with ``layout`` first."""
    name = named_layout(layout)
    positions = {channel.name for channel in av.AudioLayout(name).channels}

    def shared(other: str) -> int:
        return len(positions & {channel.name for channel in av.AudioLayout(other).channels})

    others = [other for other in _LAYOUTS.get(layout.nb_channels, ()) if other != name]
    return [name, *sorted(others, key=shared, reverse=True)]


def _nearest_rate(encoder: str, rate: int) -> int:
    """The lowest rate of ``encoder`` that loses nothing of ``rate``, or its highest."""
    if encoder == "libopus":
        return _OPUS_RATE  # Opus counts at this rate whatever it is given (RFC 7845, 5.1)
    rates = av.Codec(encoder, "w").audio_rates
    if not rates:
        return rate
    return min((one for one in rates if one >= rate), default=max(rates))


def _is_taken(
    kind: ContainerKind, add: Callable[[av.container.OutputContainer], av.stream.Stream]
) -> bool:
    """Whether an output can be made with the stream that ``add`` adds to it."""
    try:
        with av.open(io.BytesIO(), "w", format=kind.muxer) as trial:
            stream: Any = add(trial)
            trial.start_encoding()
            if stream.type == "audio" and stream.codec_context.name.startswith("pcm_"):
                trial.mux(_silence(stream))  # MP4 refuses some only when the index is written
    except (av.FFmpegError, ValueError):
        return False
    return True


def _silence(stream: Any) -> av.Packet[Any]:
    """A packet of raw sound, of one sample of 64 bits or several shorter ones."""
    packet: Any = av.Packet(bytes(8 * stream.codec_context.layout.nb_channels))
    packet.pts = packet.dts = 0
    packet.stream = stream
    return packet  # type: ignore[no-any-return]


def add_sound(output: av.container.OutputContainer, sound: SoundFormat) -> av.AudioStream:
    """A stream of ``output`` with its encoder open. Raises ``ValueError`` or ``av.FFmpegError``."""
    stream: Any = output.add_stream(sound.encoder, rate=sound.rate)
    sound.set_up(stream.codec_context)
    return stream  # type: ignore[no-any-return]
