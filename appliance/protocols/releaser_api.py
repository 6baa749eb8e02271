"""The interface ``io.faceappliance.Releaser``, by which the broker has copies made that may leave.

A worker speaks no protocol with the releaser: it writes the bytes of one result into the socket
that the broker made for it, and the releaser counts and measures them. So what a worker that was
taken over can do is to write something else, which is refused.

There is a releaser for each slot. It serves one connection, and ends with it.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec

NAME = "io.faceappliance.Releaser"

DESCRIPTION = """\
# What only the broker may ask of the releaser of a slot, which makes the copies that may leave:
# labelled, marked and signed. They lie in the workspace of the session, and end with it.
interface io.faceappliance.Releaser

type Copy (
  number: int,
  # simulation, mesh or onnx
  engine: string,
  media: string,
  # jpeg, png, webp, tiff, mp4 or mov
  kind: string,
  # SHA-256 of what was released, and of the copy
  result: string,
  copy: string,
  # of the copy, in bytes
  size: int,
  # when, in milliseconds since 1970
  signed: int
)

# Whether copies can be made: how many days the certificate has left.
method Ready() -> (days: int)

# A second person approved the release `number`. Exactly two descriptors come with the call: an end
# of a socket pair, into the other end of which the worker of the session writes the result; and a
# connection to the ledger that is restricted to this session. The answer comes once there is a copy
# made of `size` bytes with this SHA-256, which the end of the stream followed. Whatever else comes
# is forgotten, and answered with NotTaken. `engine`: simulation, mesh or onnx.
method Expect(session: string, number: int, media: string, engine: string, size: int, \
sha256: string) -> ()

# The copies of a session, by number.
method Copies(session: string) -> (copies: []Copy)

# Delete a copy of a session, or all of them without a `number`. The answer names those there were.
method Forget(session: string, number: ?int) -> (numbers: []int)

# Have all copies of a session burned to one disc, with proofs of what the ledger has about the
# session. Exactly two descriptors come with the call: a connection to the burner, and
# one to the ledger that is restricted to this session. To be called with `more`; see
# io.faceappliance.Burner. Copies stay as they are. `numbers`: of the releases on the disc.
method Burn(session: string) -> (done: float, numbers: ?[]int, sha256: ?string, size: ?int)

error NoDescriptor ()
error NoKeys (hint: string)
error NoOutbox ()
error NoCopies ()
# reason: no-burner, busy, no-drive, not-blank, rewritable, too-small or folder: the disc is as it
# was. spoiled: writing had begun, or the burner hung up; there may be pictures on the disc.
error NotBurned (reason: string, needed: ?int, free: ?int)
error NotTaken ()
error Failed (message: string, hint: string)
error Bug ()
"""

Number = Annotated[int, msgspec.Meta(ge=1, le=(1 << 32) - 1)]
_Session = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{16}\Z")]
_Sha256 = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]
_Size = Annotated[int, msgspec.Meta(ge=1, le=1 << 46)]  # bytes


class Ready(msgspec.Struct, frozen=True):
    """Answer of Ready; ``days`` are whole."""

    days: int


class Expect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of Expect; ``size`` in bytes."""

    session: _Session
    number: Number
    media: Literal["photo", "video"]
    engine: Literal["simulation", "mesh", "onnx"]
    size: _Size
    sha256: _Sha256


class OfSession(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of Copies."""

    session: _Session


class Copy(msgspec.Struct, frozen=True):
    """What there is of a copy: the fields of ``release.record.ReleaseRecord``."""

    number: Number
    engine: Literal["simulation", "mesh", "onnx"]
    media: Literal["photo", "video"]
    kind: Literal["jpeg", "png", "webp", "tiff", "mp4", "mov"]
    result: _Sha256
    copy: _Sha256
    size: _Size
    signed: Annotated[int, msgspec.Meta(ge=0, le=1 << 53)]


class Copies(msgspec.Struct, frozen=True):
    """Answer of Copies."""

    copies: list[Copy]


class Forget(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of Forget."""

    session: _Session
    number: Number | None = None


class Forgotten(msgspec.Struct, frozen=True):
    """Answer of Forget."""

    numbers: list[int]


class Burn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of Burn."""

    session: _Session


class Burning(msgspec.Struct, frozen=True):
    """Answer of Burn; all but ``done`` comes with the last one alone."""

    done: Annotated[float, msgspec.Meta(ge=0, le=1)]
    numbers: list[Number] | None = None
    sha256: _Sha256 | None = None
    size: Annotated[int, msgspec.Meta(ge=1, le=1 << 40)] | None = None


NotBurnedReason: TypeAlias = Literal[
    "no-burner", "busy", "no-drive", "not-blank", "rewritable", "too-small", "folder", "spoiled"
]


class NotBurned(msgspec.Struct, frozen=True):
    """Details of NotBurned; ``needed`` and ``free`` in bytes, if the disc was too small."""

    reason: NotBurnedReason
    needed: int | None = None
    free: int | None = None


class NoKeys(msgspec.Struct, frozen=True):
    """Details of NoKeys."""

    hint: str


class Failed(msgspec.Struct, frozen=True):
    """Details of Failed."""

    message: str
    hint: str


def error_name(name: str) -> str:
    """The full name of an error of this interface."""
    return f"{NAME}.{name}"
