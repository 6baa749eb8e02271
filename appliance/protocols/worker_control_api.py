"""The interface ``io.faceappliance.WorkerControl``, by which the broker controls a worker.

It is served on one connection, which the broker makes and no caller is ever handed. A worker takes
one such connection in its life, and ends with it.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from appliance.protocols.worker_api import Failed

__all__ = ["DESCRIPTION", "NAME", "Begin", "Failed", "Jobs", "error_name"]

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


def error_name(name: str) -> str:
    """The full name of an error of this interface."""
    return f"{NAME}.{name}"
