"""An update as one file: a signed header that names every part, then the parts.

::

    magic[8]  header size[4]  signature size[4]      little-endian
    header: canonical JSON (RFC 8785)
    signature of the header: the text of a .minisig file
    zeros up to a multiple of 4096
    root: erofs            zeros up to a multiple of 4096
    verity: its hash tree  zeros up to a multiple of 4096
    uki: the kernel image

The header has the size and the SHA-256 of each part, so one signature covers every byte that is
used, and whoever reads the file knows from its first pages what it holds.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from appliance.errors import InputError
from appliance.signatures.minisign import PublicKey, SignatureError
from appliance.updating.problem import RefusedUpdateError
from appliance.updating.source import Source

MAGIC: Final = b"FA-UPD\0\1"
PAGE: Final = 4096
"""Each part begins at a multiple of this many bytes."""

LEAD: Final = struct.Struct("<8sII")
MOST_BYTES: Final = 1 << 40
"""Of a part: far more than a disk has."""

MOST_HEADER: Final = 4096
MOST_SIGNATURE: Final = 4096

PartName: TypeAlias = Literal["root", "verity", "uki"]
Progress: TypeAlias = Callable[[int, int], None]
"""Called with the bytes done and their total."""

_CHUNK = 1 << 20
_Hash: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]
Version: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{1,4}(\.[0-9]{1,4}){1,3}\Z")]


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part: its bytes and their SHA-256."""

    size: Annotated[int, msgspec.Meta(ge=1, le=MOST_BYTES)]
    sha256: _Hash


class Parts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The parts, by name."""

    root: Part
    verity: Part
    uki: Part


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is signed. ``image``: which kind of image this is. ``root_hash``: of its verity tree.

    ``number``: it only ever rises; an image with a lower one is older, whatever its version says.
    """

    image: Annotated[str, msgspec.Meta(pattern=r"\A[a-z0-9-]{1,40}\Z")]
    version: Version
    number: Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
    root_hash: _Hash
    parts: Parts

    def part(self, name: PartName) -> Part:
        """The part of this ``name``."""
        found: Part = getattr(self.parts, name)
        return found


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle whose header is signed by a trusted key; nothing is known of its parts yet."""

    header: Header
    signer: str
    source: Source
    start: int

    def pieces(self, name: PartName) -> Iterator[bytes]:
        """The bytes of a part. Raises ``InputError``, or ``RefusedUpdateError`` if it is short."""
        at, left = _places(self.start, self.header)[name], self.header.part(name).size
        while left:
            piece = self.source.read(at, min(_CHUNK, left))
            if not piece:
                raise RefusedUpdateError("unreadable")
            yield piece
            at, left = at + len(piece), left - len(piece)

    def verify(self, progress: Progress) -> None:
        """Read every part, and compare it with what was signed. Raises as ``pieces`` does."""
        total = sum(self.header.part(name).size for name in _names())
        done = 0
        for name in _names():
            digest = hashlib.sha256()
            for piece in self.pieces(name):
                digest.update(piece)
                done += len(piece)
                progress(done, total)
            if digest.hexdigest() != self.header.part(name).sha256:
                raise RefusedUpdateError("altered")


def open_bundle(source: Source, keys: Sequence[PublicKey]) -> Bundle:
    """The bundle in ``source``, if one of ``keys`` signed its header.

    Raises ``RefusedUpdateError`` if none did, or if it is no bundle or not as long as its header
    says; and ``InputError`` if it cannot be read.
    """
    lead = source.read(0, LEAD.size)
    if len(lead) < LEAD.size:
        raise RefusedUpdateError("unreadable")
    magic, size, signature_size = LEAD.unpack(lead)
    if magic != MAGIC or size > MOST_HEADER or signature_size > MOST_SIGNATURE:
        raise RefusedUpdateError("unreadable")
    raw = source.read(LEAD.size, size)
    signature = source.read(LEAD.size + size, signature_size)
    if len(raw) < size or len(signature) < signature_size:
        raise RefusedUpdateError("unreadable")
    signer = _signer(raw, signature, keys)
    try:
        header = msgspec.json.decode(raw, type=Header)
    except msgspec.DecodeError as error:
        raise RefusedUpdateError("unreadable") from error
    start = _page(LEAD.size + size + signature_size)
    if source.size != _places(start, header)["uki"] + header.parts.uki.size:
        raise RefusedUpdateError("unreadable")
    return Bundle(header, signer, source, start)


def lead_of(header: bytes, signature: bytes) -> bytes:
    """Everything of a bundle before its first part. Raises ``InputError`` if that is too long."""
    if len(header) > MOST_HEADER or len(signature) > MOST_SIGNATURE:
        raise InputError("The header of the update is too long.", "Sign it with a shorter comment.")
    lead = LEAD.pack(MAGIC, len(header), len(signature)) + header + signature
    return lead + bytes(-len(lead) % PAGE)


def _signer(raw: bytes, signature: bytes, keys: Sequence[PublicKey]) -> str:
    """The name of the key that signed ``raw``."""
    try:
        text = signature.decode()
    except UnicodeDecodeError as error:
        raise RefusedUpdateError("signature") from error
    for key in keys:
        try:
            key.verify(raw, text)
        except SignatureError:
            continue
        return key.name
    raise RefusedUpdateError("signature")


def _places(start: int, header: Header) -> dict[PartName, int]:
    """Where each part begins."""
    places: dict[PartName, int] = {}
    at = start
    for name in _names():
        places[name] = at
        at = _page(at + header.part(name).size)
    return places


def _names() -> tuple[PartName, ...]:
    return "root", "verity", "uki"


def _page(size: int) -> int:
    return -(-size // PAGE) * PAGE
