"""The interface ``io.faceappliance.Worker``: what may be asked of the worker of a session."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

NAME = "io.faceappliance.Worker"

DESCRIPTION = """\
# The worker of one session. Files go in and out as descriptors, never by a path.
interface io.faceappliance.Worker

type Face (x: float, y: float, width: float, height: float, score: float)

# An operator's model pack on this machine, by the name of its folder. With `refused` it cannot be
# used, for the reason that stands there. `generator`: the family of the network that takes the mesh
# engine's place, of `pixels` a side; `roles`: all that it holds.
type Pack (
  name: string,
  roles: []string,
  generator: ?string,
  pixels: ?int,
  refused: ?string,
  hint: ?string
)

# What is asked of packs; left out, each has the default of `appliance swap`. `pixels`: a side of
# the face that is drawn, a multiple of the generator's own. `restore`: how far the restorer
# sharpens, and `restorer_weight` for one that takes it; 0 to 1, like `identity_weight`, below 0.5
# of which some of the target's identity stays. `occlusion`: leave out what is in front of the face.
# `parts`: change only these (skin, nose, mouth, upper-lip, left-eyebrow, ...).
type GeneratorOptions (
  pixels: ?int,
  restore: ?float,
  restorer_weight: ?float,
  identity_weight: ?float,
  occlusion: ?bool,
  parts: ?[]string
)

# Once, by the broker, with a line to the ledger beside it: whom the worker serves. Answered with
# `more` whenever a job begins, for as long as the worker lives.
method Begin(session: string, policy: string) -> (jobs: int)

# The packs on this machine, and what computes (the policy decides both).
method Packs() -> (packs: []Pack, provider: string)

# Take in the photo or video whose descriptor comes beside the call. It is decoded and encoded
# anew by a process that can do nothing else. role: source, target or reference. `consent`: the
# reference of the consent of whoever it shows, where the policy asks for it; logged as a pseudonym.
method Import(role: string, consent: ?string) -> \
(item: int, media: string, width: int, height: int)

# The faces of an item; of a video those of the last key frame at or before `at` seconds.
method Inspect(item: int, at: ?float) -> (faces: []Face)

# Put the face of the sources on the target. `regions` are strengths from 0 to 1 by name;
# `choice`: largest, all, left, right, or like, then of the person on the photo `like`. `packs`: by
# name, the first that has a network is asked for it; without a generator in them the mesh engine
# draws. `upscale`: 1, 2 or 4 times as large. With `more` each frame of a video is told.
method Swap(
  sources: []int,
  target: int,
  regions: [string]float,
  choice: ?string,
  like: ?int,
  packs: ?[]string,
  generator_options: ?GeneratorOptions,
  upscale: ?int
) -> (job: int, frames: int, total: ?int, result: ?int)

# The same, quick and small, for a slider: a JPEG of at most `side` pixels beside the answer. Of a
# video the last key frame at or before `at` seconds is shown. Nothing is enlarged.
method Preview(
  sources: []int,
  target: int,
  regions: [string]float,
  choice: ?string,
  like: ?int,
  packs: ?[]string,
  generator_options: ?GeneratorOptions,
  upscale: ?int,
  side: ?int,
  at: ?float
) -> ()

# Stop the job that runs; it ends with the error Stopped, and leaves nothing.
method Cancel() -> (stopped: bool)

# Drop what is kept to be quicker: faces and small pictures of what came in. The work stays.
method Forget() -> ()

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

PACK_NAME = r"\A[a-z0-9][a-z0-9-]{0,63}\Z"
"""What the folder of a pack may be called, which is the name that a caller asks for it by."""

Role = Literal["source", "target", "reference"]
Media = Literal["photo", "video"]
Part = Literal[
    "skin",
    "left-eyebrow",
    "right-eyebrow",
    "left-eye",
    "right-eye",
    "glasses",
    "nose",
    "mouth",
    "upper-lip",
    "lower-lip",
]
_Count = Annotated[int, msgspec.Meta(ge=0, le=1 << 31)]
_Strength = Annotated[float, msgspec.Meta(ge=0, le=1)]
_Name = Annotated[str, msgspec.Meta(max_length=32)]
_Seconds = Annotated[float, msgspec.Meta(ge=0, le=1e6)]
_Consent = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
_Packs = Annotated[
    list[Annotated[str, msgspec.Meta(pattern=PACK_NAME)]], msgspec.Meta(max_length=8)
]


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Root of what comes in: no key but its own."""


class Begin(_Strict, frozen=True):
    """Parameters of Begin."""

    session: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{16}\Z")]
    policy: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]


class Import(_Strict, frozen=True):
    """Parameters of Import."""

    role: Role
    consent: _Consent | None = None


class Item(_Strict, frozen=True):
    """Parameters of Result."""

    item: _Count


class Inspect(Item, frozen=True):
    """Parameters of Inspect."""

    at: _Seconds = 0.0


class GeneratorOptions(_Strict, frozen=True):
    """What is asked of packs. A test holds it equal to the struct of the pipeline."""

    pixels: Annotated[int, msgspec.Meta(ge=64, le=1024)] | None = None
    restore: _Strength | None = None
    identity_weight: _Strength = 0.5
    restorer_weight: _Strength = 0.5
    occlusion: bool = False
    parts: frozenset[Part] = frozenset()


class Swap(_Strict, frozen=True):
    """Parameters of Swap, and the first of Preview."""

    sources: Annotated[list[_Count], msgspec.Meta(min_length=1, max_length=16)]
    target: _Count
    regions: Annotated[dict[_Name, _Strength], msgspec.Meta(min_length=1, max_length=16)]
    choice: Literal["largest", "all", "left", "right", "like"] = "largest"
    like: _Count | None = None
    packs: _Packs = []
    generator_options: GeneratorOptions = GeneratorOptions()
    upscale: Literal[1, 2, 4] = 1

    def __post_init__(self) -> None:
        """Refuse a likeness to nobody, and a person who is not asked for."""
        if (self.choice == "like") != (self.like is not None):
            raise ValueError("choice is like exactly where like is given")


class Preview(Swap, frozen=True):
    """Parameters of Preview."""

    side: Annotated[int, msgspec.Meta(ge=64, le=1024)] = 512
    at: _Seconds = 0.0


class Jobs(msgspec.Struct, frozen=True):
    """Answer of Begin."""

    jobs: int


class Pack(msgspec.Struct, frozen=True, omit_defaults=True):
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


def error_name(name: str) -> str:
    """The full name of an error of this interface."""
    return f"{NAME}.{name}"
