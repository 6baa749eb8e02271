"""Messages about what goes in and out: packs, imports, faces, results."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from appliance.protocols.worker_api.types import Count, Media, Role, Seconds, Strict

PACK_NAME = r"\A[a-z0-9][a-z0-9-]{0,63}\Z"
"""What the folder of a pack may be called, which is the name that a caller asks for it by."""

Consent = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class Import(Strict, frozen=True):
    """Parameters of Import."""

    role: Role
    consent: Consent | None = None
    size: Annotated[int, msgspec.Meta(ge=0, le=1 << 46)] | None = None
    origin: Literal["folder", "disc"] = "folder"


class Item(Strict, frozen=True):
    """Parameters of Result and Discard."""

    item: Count


class Agree(Item, frozen=True):
    """Parameters of Agree."""

    sentences: Annotated[
        list[Literal["wish", "limits", "leaves"]], msgspec.Meta(min_length=1, max_length=3)
    ]

    def __post_init__(self) -> None:
        """Raises ``ValueError`` if a sentence is there twice."""
        if len(set(self.sentences)) < len(self.sentences):
            raise ValueError("each sentence is ticked once")


class Inspect(Item, frozen=True):
    """Parameters of Inspect."""

    at: Seconds = 0.0


class Pack(msgspec.Struct, frozen=True):
    """One pack in the answer of Packs."""

    name: str
    roles: list[str] = []
    generator: str | None = None
    pixels: int | None = None
    refused: str | None = None
    hint: str | None = None


class Packs(msgspec.Struct, frozen=True):
    """Answer of Packs."""

    packs: list[Pack]
    provider: str


class Kept(msgspec.Struct, frozen=True):
    """One file in the answer of Items. ``engine``: of a result; the lengths: of a video."""

    item: int
    media: Media
    result: bool = False
    engine: str | None = None
    seconds: float | None = None
    frames: int | None = None


class Items(msgspec.Struct, frozen=True):
    """Answer of Items."""

    items: list[Kept]


class Imported(msgspec.Struct, frozen=True):
    """Answer of Import."""

    item: int
    media: Media
    width: int
    height: int


class Face(msgspec.Struct, frozen=True):
    """The box of a face, in pixels of the upright picture, and its score, 0 to 1."""

    x: float
    y: float
    width: float
    height: float
    score: float


class Faces(msgspec.Struct, frozen=True):
    """Answer of Inspect."""

    faces: list[Face]


class Stopped(msgspec.Struct, frozen=True):
    """Answer of Cancel."""

    stopped: bool


class Results(msgspec.Struct, frozen=True):
    """Answer of Results."""

    results: list[int]


class Result(msgspec.Struct, frozen=True):
    """Answer of Result."""

    media: Media
    size: int
    sha256: str


class Failed(msgspec.Struct, frozen=True):
    """Details of the error of this name. ``kind`` is the reason as in the ledger."""

    kind: str
    message: str
    hint: str
