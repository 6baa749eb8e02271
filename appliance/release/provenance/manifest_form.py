"""Whether a manifest store has the one form that we write, down to the bytes that nothing signs.

C2PA's hashes cover what boxes hold, and not how they are laid out: names and sizes of boxes, and
the zeros that fill the place which was kept for the signature, can be changed unseen. Our manifests
have one layout (JUMBF, ISO/IEC 19566-5; C2PA 2.2, section 11), so here every such byte has one
value. A signature by ES256 has two forms that are verified, of which we write one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from appliance.release.provenance.signing_key import has_low_s

_UUID_END: Final = bytes.fromhex("00110010800000aa00389b71")  # behind four letters of the kind
_REQUESTABLE_WITH_LABEL: Final = b"\x03"  # toggles of a description box
_SALTED: Final = b"\x13"  # the same with a salt, which guards a claim against guesses
_ENTRIES: Final = ((b"c2as", b"c2pa.assertions"), (b"c2cl", b"c2pa.claim.v2"))
_SIGNATURE: Final = (b"c2cs", b"c2pa.signature")
_COSE_SIGN1: Final = b"\xd2\x84"  # tag 18, an array of four (RFC 9052, 4.2)
_ES256: Final = b"\x01\x26"  # in the protected header: algorithm 1, -7 (RFC 9053, 2.1)
_NULL: Final = b"\xf6"  # what is signed is elsewhere
_BYTES, _TEXT, _MAP = 2, 3, 5  # major types of CBOR (RFC 8949, 3.1)
_PADDING: Final = (b"pad", b"pad2")


def has_our_form(store: bytes) -> bool:
    """Whether ``store`` is one manifest, laid out as we write it, with zeros for padding."""
    try:
        _check_store(store)
    except (ValueError, IndexError):
        return False
    return True


def _check_store(store: bytes) -> None:
    """Raises ``ValueError`` or ``IndexError`` if not."""
    (whole,) = _boxes(store)
    manifest, *more = _entries(whole, b"c2pa", b"c2pa")
    if more:
        raise ValueError
    name = _label(manifest)
    parts = _entries(manifest, b"c2ma", name)
    for part, (kind, label) in zip(parts, (*_ENTRIES, _SIGNATURE), strict=True):
        _entries(part, kind, label)
    for assertion in _entries(parts[0], *_ENTRIES[0]):
        # What it holds is hashed, its toggles are not.
        if _content(assertion)[0][1][16:17] != _SALTED:
            raise ValueError
    (signature,) = _entries(parts[2], *_SIGNATURE)
    _check_signature(_typed(signature, b"cbor"))


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of each of the boxes that fill ``data``."""
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if not 8 <= size <= len(data) - at:
            raise ValueError
        yield data[at + 4 : at + 8], data[at + 8 : at + size]
        at += size


def _typed(box: tuple[bytes, bytes], kind: bytes) -> bytes:
    if box[0] != kind:
        raise ValueError
    return box[1]


def _content(box: tuple[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    """The boxes in a superbox, of which the first describes it."""
    found = list(_boxes(_typed(box, b"jumb")))
    _typed(found[0], b"jumd")
    return found


def _label(superbox: tuple[bytes, bytes]) -> bytes:
    return _content(superbox)[0][1][17:].partition(b"\0")[0]


def _entries(superbox: tuple[bytes, bytes], kind: bytes, label: bytes) -> list[tuple[bytes, bytes]]:
    """The boxes in ``superbox``, if it describes itself as ``kind`` and ``label`` and no more."""
    described, *rest = _content(superbox)
    if described[1] != kind + _UUID_END + _REQUESTABLE_WITH_LABEL + label + b"\0":
        raise ValueError
    return rest


def _check_signature(cose: bytes) -> None:
    """COSE_Sign1: a protected header, only padding in the other one, no content, a signature."""
    at = len(_COSE_SIGN1)
    if not cose.startswith(_COSE_SIGN1):
        raise ValueError
    protected, at = _string(cose, at, _BYTES)
    pairs, at = _head(cose, at, _MAP)
    for _ in range(pairs):
        key, at = _string(cose, at, _TEXT)
        zeros, at = _string(cose, at, _BYTES)
        if key not in _PADDING or any(zeros):
            raise ValueError
    if cose[at : at + 1] != _NULL:
        raise ValueError
    signature, at = _string(cose, at + 1, _BYTES)
    by_ecdsa = protected[1:].startswith(_ES256)  # behind the head of the map
    if at != len(cose) or (by_ecdsa and not has_low_s(signature)):
        raise ValueError


def _string(data: bytes, at: int, major: int) -> tuple[bytes, int]:
    """The string at ``at``, and where it ends."""
    length, start = _head(data, at, major)
    if start + length > len(data):
        raise ValueError
    return data[start : start + length], start + length


def _head(data: bytes, at: int, major: int) -> tuple[int, int]:
    """The number of the item at ``at``, in its shortest encoding, and where its head ends."""
    first = data[at]
    kind, short = first >> 5, first & 0x1F
    follow = {24: 1, 25: 2, 26: 4}.get(short, 0)
    number = int.from_bytes(data[at + 1 : at + 1 + follow], "big") if follow else short
    shortest = 0 if number < 24 else 1 if number < 1 << 8 else 2 if number < 1 << 16 else 4
    if kind != major or follow != shortest:
        raise ValueError
    return number, at + 1 + follow
