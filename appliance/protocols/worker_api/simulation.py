"""Messages about simulations."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from appliance.protocols.worker_api.types import Count, Name, Strict

Pixels = Annotated[float, msgspec.Meta(ge=0, le=1e6)]
Millimetres = Annotated[float, msgspec.Meta(ge=-1000, le=1000)]
Value = Annotated[float, msgspec.Meta(ge=-1000, le=1000)]
Degrees = Annotated[float, msgspec.Meta(ge=-90, le=90)]


class Place(Strict, frozen=True):
    """A place of the imported photo, in its pixels, upright."""

    x: Pixels
    y: Pixels


class Drag(Strict, frozen=True):
    """A place that is dragged by so many mm, to the right and down."""

    x: Pixels
    y: Pixels
    right: Millimetres
    down: Millimetres


class Region(Strict, frozen=True):
    """A polygon, and what is done with what it encloses."""

    mode: Literal["line", "region", "shape", "mean"]
    corners: Annotated[list[Place], msgspec.Meta(min_length=3, max_length=200)]
    share: Annotated[int, msgspec.Meta(ge=1, le=100)] = 100

    def __post_init__(self) -> None:
        """Raises ``ValueError`` for a share of skin, which is taken as a whole."""
        if self.share != 100 and self.mode in ("line", "region"):
            raise ValueError("only a shape goes a share of the way")


Values = Annotated[dict[Name, Value], msgspec.Meta(max_length=32)]
Drags = Annotated[list[Drag], msgspec.Meta(max_length=64)]
Regions = Annotated[list[Region], msgspec.Meta(max_length=16)]
Places = Annotated[dict[Name, Place], msgspec.Meta(max_length=64)]
Choice = Literal["largest", "left", "right"]
FaceNumber = Annotated[int, msgspec.Meta(ge=1, le=1000)]


class _Numbered(Strict, frozen=True, kw_only=True):
    """``face``: the number of a face in the answer of Inspect, from 1."""

    face: FaceNumber | None = None


class ProposePoints(_Numbered, frozen=True):
    """Parameters of ProposePoints."""

    photo: Count
    choice: Choice | None = None
    yaw: Degrees | None = None

    def __post_init__(self) -> None:
        """Raises ``ValueError`` if the face is chosen in two ways."""
        _check_choice(self.choice, self.face)


class ProposedPoints(msgspec.Struct, frozen=True):
    """Answer of ProposePoints."""

    points: dict[str, Place]
    yaw: float
    network: bool


class Subject(_Numbered, frozen=True):
    """The face on a photo that is meant; the parameters of Reach."""

    photo: Count
    points: Places = msgspec.field(default_factory=dict)
    choice: Choice | None = None

    def __post_init__(self) -> None:
        """Raises ``ValueError`` if the face is chosen in two ways."""
        _check_choice(self.choice, self.face)


class Line(msgspec.Struct, frozen=True):
    """A straight line of a photo, in its pixels, upright."""

    x: float
    y: float
    to_x: float
    to_y: float


class Reach(msgspec.Struct, frozen=True):
    """Answer of Reach."""

    left_out: dict[str, str]
    yaw: float
    scale: float
    lines: list[Line]


class Simulate(_Numbered, frozen=True):
    """Parameters of Simulate, and most of those of PreviewSimulation."""

    photo: Count
    handles: Values = msgspec.field(default_factory=dict)
    drags: Drags = msgspec.field(default_factory=list)
    regions: Regions = msgspec.field(default_factory=list)
    points: Places = msgspec.field(default_factory=dict)
    choice: Choice | None = None
    shows: Literal["wished", "least"] = "wished"

    def __post_init__(self) -> None:
        """Raises ``ValueError`` if nothing is to be changed, or the face is chosen in two ways."""
        if not (self.handles or self.drags or self.regions):
            raise ValueError("a simulation needs handles, drags or regions")
        _check_choice(self.choice, self.face)


class PreviewSimulation(Simulate, frozen=True):
    """Parameters of PreviewSimulation."""

    side: Annotated[int, msgspec.Meta(ge=64, le=1024)] = 512


class Simulated(msgspec.Struct, frozen=True):
    """Answer of Simulate."""

    job: int
    result: int
    left_out: dict[str, str]
    share: float


class Previewed(msgspec.Struct, frozen=True):
    """Answer of PreviewSimulation."""

    left_out: dict[str, str]
    share: float


def _check_choice(choice: str | None, face: int | None) -> None:
    if choice is not None and face is not None:
        raise ValueError("a face is chosen by choice or by its number")
