"""The interface ``io.faceappliance.WorkerControl``, by which the broker controls a worker.

It is served on one connection, which the broker makes and no caller is ever handed. A worker takes
one such connection in its life, and ends with it.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from appliance.protocols.worker_api import Failed

__all__ = [
    "DESCRIPTION",
    "NAME",
    "Begin",
    "Failed",
    "Jobs",
    "Measure",
    "Measured",
    "Release",
    "Show",
    "error_name",
]

NAME = "io.faceappliance.WorkerControl"

DESCRIPTION = """\
# What only the broker may ask of a worker. An error of any kind, and the end of the connection, end
# the worker.
interface io.faceappliance.WorkerControl

# Called once, before all else and with `more`: the session that the worker serves. Exactly one
# descriptor comes with it, a connection to the ledger that is restricted to this session. The first
# answer says that the worker is sealed, and that the ledger knows; until then no caller may be
# served. There is another answer whenever a job begins, as long as the worker lives.
method Begin(session: string, policy: string) -> (jobs: int)

# Called `oneway`, after the first answer to Begin, as answers to other calls would mix with those
# of Begin. Exactly one descriptor comes with it, one end of a socket pair: the worker serves
# io.faceappliance.Worker on it, to the one caller that holds the other end. The worker hangs up on
# a caller for whom it has no place.
method Serve() -> ()

# Called `oneway`: drop all caches, faces and small pictures of imported items. The items themselves
# stay.
method Forget() -> ()

# Called `oneway`, with one descriptor, an end of a socket pair on which the worker answers with one
# message, as it is described here, and hangs up; without the message if there is no such result.
# What the result `item` is, and the SHA-256 of its file. `unfit`: why no copy of it can leave,
# picture-too-small or picture-too-narrow, if none can.
method Measure(item: int) -> \
(media: string, engine: string, size: int, sha256: string, unfit: ?string)

# As Measure; the message is empty, and a pipe with a JPEG comes with it: the result at its full
# size, with words all over it, or a sheet of pictures of a film. Only if the file still has this
# SHA-256. It is for the second person who decides on the release.
method Show(item: int, sha256: string) -> ()

# Called `oneway`, with one descriptor, which leads to the releaser: the worker writes the result
# into it, if the file still has this SHA-256, and closes it. `number` is the release's.
method Release(item: int, sha256: string, number: int) -> ()

error NotBegun ()
error NoDescriptor ()
error OtherPolicy ()
error Busy ()
error Bug ()
error Failed (kind: string, message: string, hint: string)
"""


class Begin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of Begin."""

    session: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{16}\Z")]
    policy: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]


class Jobs(msgspec.Struct, frozen=True):
    """Answer of Begin: how many jobs this worker has begun."""

    jobs: int


_Sha256 = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]
_Number = Annotated[int, msgspec.Meta(ge=1, le=(1 << 32) - 1)]


class Measure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of Measure; ``item``: the number of a result."""

    item: _Number


class Show(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of Show."""

    item: _Number
    sha256: _Sha256


class Release(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of Release; ``number``: that of the release."""

    item: _Number
    sha256: _Sha256
    number: _Number


class Measured(msgspec.Struct, frozen=True):
    """Answer of Measure; ``size`` in bytes. The broker bounds it: a worker may lie.

    ``unfit``: why no copy of the result can leave. A lie about it gains nothing: the releaser looks
    for itself.
    """

    media: Literal["photo", "video"]
    engine: Literal["simulation", "mesh", "onnx"]
    size: Annotated[int, msgspec.Meta(ge=1, le=1 << 46)]
    sha256: _Sha256
    unfit: Literal["picture-too-small", "picture-too-narrow"] | None = None


def error_name(name: str) -> str:
    """The full name of an error of this interface."""
    return f"{NAME}.{name}"
