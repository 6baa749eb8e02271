"""What is kept of a released copy, and what a disc states about each of its files."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec

from appliance.release.facts import MAX_NUMBER, Engine

CopyKind: TypeAlias = Literal["jpeg", "png", "webp", "tiff", "mp4", "mov"]
"""What can carry every mark; nothing else leaves."""

_Sha256 = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]


class ReleaseRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A copy that may leave.

    ``number``: the release's. ``engine``: what drew the result. ``result``: SHA-256 of the file
    that was released; ``copy``, ``size``, ``kind``: SHA-256, bytes and format of the one that
    leaves, which is labelled and signed. ``signed``: milliseconds since 1970.
    """

    number: Annotated[int, msgspec.Meta(ge=1, le=MAX_NUMBER)]
    engine: Engine
    media: Literal["photo", "video"]
    kind: CopyKind
    result: _Sha256
    copy: _Sha256
    size: Annotated[int, msgspec.Meta(ge=1, le=1 << 46)]
    signed: Annotated[int, msgspec.Meta(ge=0, le=1 << 53)]
