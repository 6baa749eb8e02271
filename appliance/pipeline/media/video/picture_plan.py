"""How the picture of a video is written: encoder, pixel format and size, and what that changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import av

from appliance.errors import OutputError
from appliance.pipeline.media.conversion import Conversion, depth_conversion
from appliance.pipeline.media.video.encoder import ContainerKind, EncoderSettings, VideoCodec
from appliance.pipeline.media.video.pixel_layout import layout_of

# H.273 transfer characteristics of HDR: SMPTE ST 2084 and ARIB STD-B67.
_CURVES: Mapping[int, str] = {16: "PQ", 18: "HLG"}
# Pixels a side: x265 needs a whole coding block.
_MIN_HEVC_SIDE = 16
_EVEN_SIDES: frozenset[VideoCodec] = frozenset(("libx264", "libx265"))
"""Encoders that need whole chroma samples; the others write odd sizes in 4:2:0."""
_DEEP: frozenset[VideoCodec] = frozenset(("libx265", "libsvtav1"))
"""Encoders whose 4:2:0 with 10 bits plays as widely as the codec does."""
_PLAYS_8 = ("yuv420p", "yuvj420p", "nv12", "nv21")
_PLAYS_10 = "yuv420p10le"


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """What a decoded frame is: FFmpeg's pixel format, size in pixels, H.273 curve, scan.

    ``dynamic_hdr``: names of what describes HDR frame by frame. ``scale``: how many times as wide
    and high the result is to be.
    """

    pixel_format: str
    width: int
    height: int
    curve: int = 1
    is_interlaced: bool = False
    has_static_hdr: bool = False
    dynamic_hdr: tuple[str, ...] = ()
    scale: int = 1

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the result, before its sides are made even."""
        return self.scale * self.width, self.scale * self.height

    @property
    def depth(self) -> int:
        """Bits of the deepest channel."""
        return max(part.bits for part in av.VideoFormat(self.pixel_format, 16, 16).components)


@dataclass(frozen=True, slots=True)
class PicturePlan:
    """How the picture is encoded.

    ``pixel_format``: in which it is edited too. ``width`` and ``height``: in pixels, as encoded; a
    frame that is smaller gets its last column or row twice. ``settings``: of the encoder.
    ``converted``: what the result has in another form than the video it is made from.
    """

    settings: EncoderSettings
    codec: VideoCodec
    pixel_format: str
    width: int
    height: int
    converted: tuple[Conversion, ...]


def plan_picture(
    settings: EncoderSettings, kind: ContainerKind, picture: PictureFacts
) -> PicturePlan:
    """The plan for frames like ``picture`` in a file of ``kind``.

    Raises ``OutputError`` if no encoder fits.
    """
    codec = _codec(settings, kind, picture)
    width, height = picture.size
    if settings.keep_format or kind.keeps_format:
        name = choose_pixel_format(codec, picture.pixel_format, width, height)
    else:
        name = _playable_format(codec, picture)
    if codec in _EVEN_SIDES and not _has_whole_samples(name, width, height):
        width, height = width + width % 2, height + height % 2
    plan = PicturePlan(settings, codec, name, width, height, ())
    return replace(plan, converted=tuple(_conversions(picture, plan)))


def _codec(settings: EncoderSettings, kind: ContainerKind, picture: PictureFacts) -> VideoCodec:
    """The encoder that is asked for or, if none is, the container's for this depth."""
    if settings.codec is not None:
        return settings.codec
    if settings.keep_format or picture.depth <= 8:
        return kind.video
    if kind.deep == "libx265":
        # It knows no interlaced pictures, and none that are this small.
        fits = not picture.is_interlaced and min(picture.size) >= _MIN_HEVC_SIDE
        return kind.deep if fits else kind.video
    return kind.deep


def _playable_format(codec: VideoCodec, picture: PictureFacts) -> str:
    """The format in which the codec plays nearly everywhere."""
    if picture.depth > 8 and codec in _DEEP:
        return _PLAYS_10
    usable = _usable(codec)
    return picture.pixel_format if picture.pixel_format in usable & {*_PLAYS_8} else _PLAYS_8[0]


def _conversions(picture: PictureFacts, plan: PicturePlan) -> Iterator[Conversion]:
    source = av.VideoFormat(picture.pixel_format, 16, 16)
    target = av.VideoFormat(plan.pixel_format, 16, 16)
    if _colours(source) != _colours(target):
        yield Conversion("colours", _colours(source), _colours(target))
    if _chroma(source) != _chroma(target):
        yield Conversion("chroma", _chroma(source), _chroma(target))
    # An upscaler is given 8 bits, whatever the frame has.
    depth = 8 if picture.scale > 1 else max(part.bits for part in target.components)
    if depth < picture.depth:
        yield depth_conversion(picture.depth, depth)
        curve = _CURVES.get(picture.curve)
        if curve and depth == 8:
            yield Conversion("HDR", f"{curve} in {picture.depth} bits", f"{curve} in 8 bits")
    if picture.has_static_hdr and plan.codec == "libvpx-vp9":
        yield Conversion("HDR metadata", "mastering display and light level", "none")
    for name in picture.dynamic_hdr:
        yield Conversion("HDR metadata", name, "none")
    if picture.size != (plan.width, plan.height):
        before, after = "{}x{}".format(*picture.size), f"{plan.width}x{plan.height}"
        yield Conversion("size", before, after)
    if picture.is_interlaced and plan.codec != "libx264":
        yield Conversion("scan", "interlaced", "progressive, with both fields in a frame")


def _colours(pixel: av.VideoFormat) -> str:
    if pixel.is_rgb or pixel.has_palette:
        return "RGB"
    return "grey" if len(pixel.components) <= 2 else "YCbCr"


def _chroma(pixel: av.VideoFormat) -> str:
    """How densely colour is sampled, as in ``4:2:0``; grey counts as what players show it in."""
    if _colours(pixel) == "grey":
        return "4:2:0"
    across, down = _grid(pixel)
    second = 4 // across
    return f"4:{second}:{second if down == 1 else 0}" if across >= down else "4:4:0"


# Planar families by how many pixels, across and down, share a chroma sample of the source; nearest
# first. Their names are FFmpeg's at 8 bits.
_FAMILIES: Mapping[tuple[int, int], Sequence[str]] = {
    (2, 2): ("yuv420p", "yuv422p", "yuv444p"),
    (2, 1): ("yuv422p", "yuv444p", "yuv420p"),
}
_FULL_CHROMA = ("yuv444p", "yuv422p", "yuv420p")
_DEPTHS = (8, 10, 12)


def choose_pixel_format(codec: VideoCodec, source: str, width: int, height: int) -> str:
    """The format to edit and encode in: ``source`` itself, or the one that loses least of it.

    x264 and x265 need whole chroma samples. A size that has none becomes 4:4:4, which keeps it
    exactly, where padding or cropping would not. A depth beyond the encoder's becomes its deepest.
    Raises ``OutputError`` if the encoder has no format that can be edited.
    """
    usable = _usable(codec)
    pixel = av.VideoFormat(source, 16, 16)
    is_whole = codec not in _EVEN_SIDES or _has_whole_samples(source, width, height)
    if source in usable and is_whole:
        return source
    if _colours(pixel) == "grey":
        is_even = width % 2 == 0 and height % 2 == 0
        families: Sequence[str] = ("gray", "yuv420p" if is_even else "yuv444p", "yuv420p")
    else:
        families = _FAMILIES.get(_grid(pixel) if is_whole else (1, 1), _FULL_CHROMA)
    depths = _nearest_depths(max(part.bits for part in pixel.components))
    for bits, family in product(depths, families):
        name = family if bits == 8 else f"{family}{bits}le"
        if name in usable:
            return name
    raise OutputError("The encoder has no fitting pixel format.", "Choose another codec.")


def _usable(codec: VideoCodec) -> set[str]:
    """The formats that the encoder takes and that can be edited in place; none has transparency."""
    encodable = av.Codec(codec, "w").video_formats or ()
    opaque = (item for item in encodable if not any(part.is_alpha for part in item.components))
    return {item.name for item in opaque if layout_of(item.name)}


def _has_whole_samples(name: str, width: int, height: int) -> bool:
    across, down = _grid(av.VideoFormat(name, 16, 16))
    return width % across == 0 and height % down == 0


def _grid(pixel: av.VideoFormat) -> tuple[int, int]:
    """How many pixels, across and down, share a chroma sample."""
    return 16 // pixel.chroma_width(16), 16 // pixel.chroma_height(16)


def _nearest_depths(depth: int) -> list[int]:
    """Bits a sample: the least that loses nothing first, then the deepest."""
    return [bits for bits in _DEPTHS if bits >= depth] + sorted(_DEPTHS, reverse=True)
