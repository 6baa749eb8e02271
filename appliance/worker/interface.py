"""The interface ``io.faceappliance.Worker``: what may be asked of the worker of a session."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

NAME = "io.faceappliance.Worker"

DESCRIPTION = """\
# The worker of one session. Files go in and out as descriptors, never by a path.
interface io.faceappliance.Worker

type Face (x: float, y: float, width: float, height: float, score: float)

# Once, by the broker, with a line to the ledger beside it: whom the worker serves. Answered with
# `more` whenever a job begins, for as long as the worker lives.
method Begin(session: string, policy: string) -> (jobs: int)

# Take in the photo or video whose descriptor comes beside the call. It is decoded and encoded
# anew by a process that can do nothing else. role: source, target or reference.
method Import(role: string) -> (item: int, media: string, width: int, height: int)

# The faces of an item; of a video those of its first frame.
method Inspect(item: int) -> (faces: []Face)

# Put the face of the sources on the target. `regions` are strengths from 0 to 1 by name;
# `choice`: largest, all, left or right. With `more` each frame of a video is told.
method Swap(sources: []int, target: int, regions: [string]float, choice: string) -> \
(job: int, frames: int, total: ?int, result: ?int)

# The same, quick and small, for a slider: a JPEG of at most `side` pixels beside the answer.
method Preview(sources: []int, target: int, regions: [string]float, choice: string, side: int) -> ()

# Stop the job that runs; it ends with the error Stopped, and leaves nothing.
method Cancel() -> (stopped: bool)

# What was made, oldest first.
method Results() -> (results: []int)

# A result; its bytes can be read from the pipe beside the answer.
method Result(item: int) -> (media: string, size: int, sha256: string)

error NotBegun ()
error OtherPolicy ()
error NoSuchItem ()
error NoDescriptor ()
error Busy ()
error Stopped ()
error Bug ()
error Failed (kind: string, message: string, hint: string)
"""

Role = Literal["source", "target", "reference"]
Media = Literal["photo", "video"]
_Count = Annotated[int, msgspec.Meta(ge=0, le=1 << 31)]
_Strength = Annotated[float, msgspec.Meta(ge=0, le=1)]
_Name = Annotated[str, msgspec.Meta(max_length=32)]


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Root of what comes in: no key but its own."""


class Begin(_Strict, frozen=True):
    """Parameters of Begin."""

    session: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{16}\Z")]
    policy: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]


class Import(_Strict, frozen=True):
    """Parameters of Import."""

    role: Role


class Item(_Strict, frozen=True):
    """Parameters of Inspect and Result."""

    item: _Count


class Swap(_Strict, frozen=True):
    """Parameters of Swap, and the first of Preview."""

    sources: Annotated[list[_Count], msgspec.Meta(min_length=1, max_length=16)]
    target: _Count
    regions: Annotated[dict[_Name, _Strength], msgspec.Meta(min_length=1, max_length=16)]
    choice: Literal["largest", "all", "left", "right"] = "largest"


class Preview(Swap, frozen=True):
    """Parameters of Preview."""

    side: Annotated[int, msgspec.Meta(ge=64, le=1024)] = 512


class Jobs(msgspec.Struct, frozen=True):
    """Answer of Begin."""

    jobs: int


class Imported(msgspec.Struct, frozen=True):
    """Answer of Import."""

    item: int
    media: Media
    width: int
    height: int


class Face(msgspec.Struct, frozen=True):
    """Where a face is, in pixels of the upright picture, and how sure that is, 0 to 1."""

    x: float
    y: float
    width: float
    height: float
    score: float


class Faces(msgspec.Struct, frozen=True):
    """Answer of Inspect."""

    faces: list[Face]


class Progress(msgspec.Struct, frozen=True):
    """Answers of Swap; the last has ``result``."""

    job: int
    frames: int
    total: int | None = None
    result: int | None = None


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
    """Details of the error of that name. ``kind`` is the reason as the ledger words it."""

    kind: str
    message: str
    hint: str


def error(name: str) -> str:
    """The full name of an error of this interface."""
    return f"{NAME}.{name}"
