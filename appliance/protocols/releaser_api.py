"""The interface ``io.faceappliance.Releaser``, by which the broker announces what was released.

A worker speaks no protocol with the releaser: it writes the bytes of one result into the socket
that the broker made for it, and the releaser counts and measures them. So what a worker that was
taken over can do is to write something else, which is refused.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

NAME = "io.faceappliance.Releaser"

DESCRIPTION = """\
# What only the broker may ask of the releaser, which labels, marks and signs the copy that leaves.
interface io.faceappliance.Releaser

# A second person approved the release `number`. Exactly one descriptor comes with the call, an end
# of a socket pair: the worker of the session writes the result into the other end. The answer comes
# once the releaser has `size` bytes with this SHA-256, followed by the end of the stream. Whatever
# else it gets it forgets, and answers NotTaken. `engine`: simulation, mesh or onnx.
method Expect(session: string, number: int, media: string, engine: string, size: int, \
sha256: string) -> ()

error NoDescriptor ()
error NotTaken ()
error Bug ()
"""


class Expect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of Expect; ``size`` in bytes."""

    session: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{16}\Z")]
    number: Annotated[int, msgspec.Meta(ge=1, le=(1 << 32) - 1)]
    media: Literal["photo", "video"]
    engine: Literal["simulation", "mesh", "onnx"]
    size: Annotated[int, msgspec.Meta(ge=1, le=1 << 46)]
    sha256: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]


def error_name(name: str) -> str:
    """The full name of an error of this interface."""
    return f"{NAME}.{name}"
