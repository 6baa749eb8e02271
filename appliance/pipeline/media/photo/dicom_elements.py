"""The elements of a DICOM file that a picture needs, and no others (DICOM PS3.5, PS3.10).

Names, dates and numbers of patients are passed over by their length: nothing here holds them.

This reads bytes of a foreign file. ``read_elements`` raises ``ValueError`` for whatever is not
sound, and is bounded in time and memory by the size of the file.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

PIXEL_DATA = 0x7FE00010
_AFTER_MARK = 132  # of the preamble and "DICM"
_META_GROUP, _TRANSFER_SYNTAX = 2, 0x00020010
_IMPLICIT = "1.2.840.10008.1.2"
_EXPLICIT = "1.2.840.10008.1.2.1"
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_UNDEFINED = 0xFFFFFFFF
# Value representations with a length of four bytes (PS3.5, 7.1.2).
_LONG_VRS = frozenset(
    (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV")
)
_MAX_DEPTH = 32  # of sequences in sequences
# Those whose data set is big-endian, or deflated as a whole.
_OTHER_FORMS = ("1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99")


@dataclass(frozen=True, slots=True)
class DicomElements:
    """``values``: by tag. ``fragments``: of encapsulated pixels, without the table of offsets.

    ``transfer_syntax``: the UID of how pixels are stored.
    """

    transfer_syntax: str
    values: Mapping[int, bytes]
    fragments: tuple[bytes, ...] = ()

    @property
    def is_encapsulated(self) -> bool:
        """Whether pixels are compressed, in fragments."""
        return self.transfer_syntax not in (_IMPLICIT, _EXPLICIT)


@dataclass(frozen=True, slots=True)
class _Header:
    tag: int
    length: int
    at: int


def read_elements(data: bytes, wanted: AbstractSet[int]) -> DicomElements:
    """The ``wanted`` elements at the top of the data set. Raises ``ValueError``."""
    at = _AFTER_MARK
    syntax = ""
    while at < len(data):
        element = _header(data, at, implicit=False)
        if element.tag >> 16 != _META_GROUP:
            break
        if element.tag == _TRANSFER_SYNTAX:
            syntax = _value(data, element).decode("ascii", "replace").strip("\0 ")
        at = element.at + element.length
    if not syntax or syntax in _OTHER_FORMS:
        raise ValueError("a form that is not read")
    implicit = syntax == _IMPLICIT
    values: dict[int, bytes] = {}
    fragments: tuple[bytes, ...] = ()
    while at < len(data):
        element = _header(data, at, implicit=implicit)
        if element.tag == PIXEL_DATA and element.length == _UNDEFINED:
            fragments, at = _fragments(data, element.at)
        elif element.length == _UNDEFINED:
            at = _end_of_sequence(data, element.at, implicit=implicit, depth=0)
        else:
            if element.tag in wanted:
                values.setdefault(element.tag, _value(data, element))
            at = element.at + element.length
    return DicomElements(syntax, values, fragments)


def _header(data: bytes, at: int, *, implicit: bool) -> _Header:
    """The head of the element at ``at``; items and their ends have no representation."""
    group, number = _unpack("<HH", data, at)
    tag = group << 16 | number
    if implicit or tag in (_ITEM, _ITEM_END, _SEQUENCE_END):
        (length,) = _unpack("<I", data, at + 4)
        return _Header(tag, length, at + 8)
    if data[at + 4 : at + 6] in _LONG_VRS:
        (length,) = _unpack("<I", data, at + 8)
        return _Header(tag, length, at + 12)
    (length,) = _unpack("<H", data, at + 6)
    return _Header(tag, length, at + 8)


def _value(data: bytes, element: _Header) -> bytes:
    end = element.at + element.length
    if end > len(data):
        raise ValueError("cut short")
    return data[element.at : end]


def _fragments(data: bytes, at: int) -> tuple[tuple[bytes, ...], int]:
    """The items of encapsulated pixels after the first, and where they end."""
    found: list[bytes] = []
    while True:
        item = _header(data, at, implicit=True)
        if item.tag == _SEQUENCE_END:
            return tuple(found[1:]), item.at
        if item.tag != _ITEM:
            raise ValueError("no fragment")
        found.append(_value(data, item))
        at = item.at + item.length


def _end_of_sequence(data: bytes, at: int, *, implicit: bool, depth: int) -> int:
    """Where the sequence of undefined length ends whose items begin at ``at``."""
    if depth > _MAX_DEPTH:
        raise ValueError("too deep")
    while True:
        item = _header(data, at, implicit=True)
        if item.tag == _SEQUENCE_END:
            return item.at
        if item.tag != _ITEM:
            raise ValueError("no item")
        at = item.at + item.length
        if item.length == _UNDEFINED:
            at = _end_of_item(data, item.at, implicit=implicit, depth=depth)


def _end_of_item(data: bytes, at: int, *, implicit: bool, depth: int) -> int:
    while True:
        element = _header(data, at, implicit=implicit)
        if element.tag == _ITEM_END:
            return element.at
        at = element.at + element.length
        if element.length == _UNDEFINED:
            # What a representation is unknown of is written without any (PS3.5, 6.2.2).
            bare = implicit or data[element.at - 8 : element.at - 6] == b"UN"
            at = _end_of_sequence(data, element.at, implicit=bare, depth=depth + 1)


def _unpack(letters: str, data: bytes, at: int) -> tuple[int, ...]:
    try:
        return struct.unpack_from(letters, data, at)
    except struct.error as error:
        raise ValueError("cut short") from error
