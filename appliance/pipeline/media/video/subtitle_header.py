"""The headers of subtitle tracks without free text: titles, authors, paths, comments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

# Lines of a SubStation Alpha script that say how it is drawn, in small letters. All others hold
# names, paths and remarks of the programs and people that made it.
_DRAWING: Final = frozenset(
    (
        *(b"scripttype", b"playresx", b"playresy", b"layoutresx", b"layoutresy", b"playdepth"),
        *(b"wrapstyle", b"scaledborderandshadow", b"ycbcr matrix", b"collisions", b"timer"),
    )
)
_SCRIPT_INFO: Final = b"[script info]"
_SECTIONS: Final = frozenset((_SCRIPT_INFO, b"[v4 styles]", b"[v4+ styles]", b"[events]"))
_ASS: Final = frozenset(("ass", "ssa"))
# Of an .idx file, which is the header of subtitles of DVDs.
_IDX: Final = (b"size:", b"palette:")


def cleaned_header(codec: str, header: bytes) -> bytes:
    """The ``header`` (FFmpeg's extradata) of a track of ``codec``, by FFmpeg's name, cleaned."""
    if codec in _ASS:
        return b"".join(_script(header))
    if codec == "dvd_subtitle":
        lines = header.splitlines(keepends=True)
        return b"".join(line for line in lines if line.lower().startswith(_IDX))
    if codec == "webvtt":
        return b""  # its notes and styles
    return header


def _script(header: bytes) -> Iterator[bytes]:
    section = b""
    for line in header.removeprefix(b"\xef\xbb\xbf").splitlines(keepends=True):
        plain = line.strip().lower()
        if plain.startswith(b"["):
            section = plain
            is_kept = section in _SECTIONS
        elif section == _SCRIPT_INFO:
            is_kept = not plain or plain.partition(b":")[0] in _DRAWING
        else:
            is_kept = section in _SECTIONS and not plain.startswith(b";")
        if is_kept:
            yield line
