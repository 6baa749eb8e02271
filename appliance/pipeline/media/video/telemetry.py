"""Subtitle tracks that hold no words but where and when a film was taken.

Drones and dash cameras write place, time and settings of the camera as subtitles, line by line. All
other metadata is dropped from results, and so are such tracks: whole, once a single line shows
coordinates, camera settings, or the date and the time of day to the second.
"""

from __future__ import annotations

import re
from typing import Any, Final

import av

_DEGREES: Final = r"[-+]?\d{1,3}\.\d{4,}"
_DATE: Final = r"(?:(?:19|20)\d\d[-./:]\d{1,2}[-./:]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./](?:19|20)\d\d)"
_PLACES: Final = re.compile(
    "|".join(
        (
            # GPS (11.5754, 48.1371, 19), [latitude: 48.1], LAT 48.1371, rel_alt: 1.2
            r"\b(?:gps|gnss|latitude|longt?itude)\b[\s:=(\[]{0,4}-?\d{1,3}[.,]\d",
            r"\b(?:lat|lon|long|lng)\b(?:\s?[:=(]\s?-?\d|\s-?\d{1,3}\.\d{3,})",
            r"\b(?:altitude|rel_alt|abs_alt|barometer)\b\W{0,4}\d",
            r"\bhome\s?\(\s?[-+]?\d{1,3}\.\d",
            # 48.1371, 11.5754 and 48.1371° N 11.5754° E
            rf"{_DEGREES}\s?°?\s?[nsew]?\s?[,;/|\s]\s?{_DEGREES}",
            # N 48.1371, E:11.5754, N48 08.226
            r"\b[nsew]\s?:?\s?\d{1,3}(?:[.,]\d{3,}|[°\s]\s?\d{1,2}\.\d{2,})",
            # 48°08'13"N
            r"\d{1,3}\s?°\s?\d{1,2}\s?['′’]",  # noqa: RUF001 - as people write minutes
            r"\$g[a-z]{4},",  # NMEA 0183
            r"[-+]\d{2,3}\.\d{2,}[-+]\d{2,3}\.\d{2,}",  # ISO 6709
            r"\bgeo:-?\d|\bmaps\.google|\bgoogle\.[a-z.]+/maps|\bsrtcnt\b",
            rf"\b{_DATE}[t ,]+\d{{1,2}}:\d\d:\d\d",
        )
    ),
    re.IGNORECASE,
)
# Of these, one alone may be said in a film.
_SETTINGS: Final = re.compile(
    r"\b(iso|ss|shutter|ev|fnum|f/|ct|focal_len|dzoom_ratio)\s?[:=]?\s?[-+]?f?\d", re.IGNORECASE
)
_ENOUGH_SETTINGS: Final = 2
# Marks of SubRip and WebVTT, and of ASS.
_MARKS: Final = re.compile(r"<[^<>]*>|\{\\[^{}]*\}|\\[Nnh]")
_BYTE_ORDER_MARKS: Final = (b"\xfe\xff", b"\xff\xfe")


def is_telemetry(text: str) -> bool:
    """Whether the subtitle ``text`` holds a place, a moment, or settings of a camera."""
    plain = _MARKS.sub(" ", text)
    if _PLACES.search(plain):
        return True
    return len({name.lower() for name in _SETTINGS.findall(plain)}) >= _ENOUGH_SETTINGS


def text_of(packet: av.Packet[Any], codec: str) -> str:
    """The text in a packet of a text subtitle track of ``codec``, by FFmpeg's name."""
    body = bytes(packet)
    if codec == "mov_text":
        # The length of the text in two bytes, then the text, then boxes with styles (3GPP TS
        # 26.245, 5.17).
        body = body[2 : 2 + int.from_bytes(body[:2], "big")]
    encoding = "utf-16" if body[:2] in _BYTE_ORDER_MARKS else "utf-8"
    return body.decode(encoding, "replace")


def telemetry_tracks(container: av.container.InputContainer) -> frozenset[int]:
    """The indices of text subtitle tracks that hold telemetry; reads ``container`` to its end.

    Raises ``av.FFmpegError`` or ``OSError`` where that cannot be read.
    """
    left: dict[int, str] = {}
    for stream in container.streams:
        context: Any = stream.codec_context  # None where FFmpeg has no decoder
        if stream.type == "subtitle" and context is not None and context.codec.text_sub:
            left[stream.index] = context.codec.canonical_name
        else:
            stream.discard = av.stream.Discard.all
    found: set[int] = set()
    wanted = [container.streams[index] for index in left]
    for packet in container.demux(*wanted) if wanted else ():
        index = packet.stream.index
        if packet.size and index in left and is_telemetry(text_of(packet, left[index])):
            found.add(index)
            del left[index]
            if not left:
                break
    return frozenset(found)
