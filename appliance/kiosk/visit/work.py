"""What is known of the swap that a project works on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Use = Literal["source", "target", "reference"]
Choice = Literal["largest", "all", "left", "right", "like"]

WHOLE = "face"
"""The region that stands for all of them."""


@dataclass(frozen=True, slots=True)
class Clip:
    """An item or a result. ``seconds`` and ``frames``: of a film, 0 where they are not known.

    ``engine``: what made a result.
    """

    item: int
    is_film: bool
    is_result: bool
    engine: str = ""
    seconds: float = 0.0
    frames: int = 0

    @property
    def frame_seconds(self) -> float:
        """How long a frame is shown."""
        return self.seconds / self.frames if self.frames else 0.04


@dataclass(slots=True)
class Work:
    """``consents``: references of who is shown, by the use of the picture.

    ``regions``: strengths from 0 to 1 by name. ``generator``: the pack that draws, or nothing for
    the mesh engine. ``restore``: how far a restorer has its way, 0 to 1. ``in_front``: whether what
    covers the face stays. ``at``: seconds of the film.
    ``targets``: by result what it was made of. ``result``: the one whose release may be asked for.
    """

    consents: dict[Use, str] = field(default_factory=dict)
    clips: list[Clip] = field(default_factory=list)
    sources: list[int] = field(default_factory=list)
    target: int | None = None
    like: int | None = None
    choice: Choice = "largest"
    regions: dict[str, float] = field(default_factory=lambda: {WHOLE: 1.0})
    generator: str = ""
    restore: float = 0.0
    in_front: bool = False
    upscale: Literal[1, 2, 4] = 1
    at: float = 0.0
    targets: dict[int, int] = field(default_factory=dict)
    result: int | None = None

    def clip(self, item: int | None) -> Clip | None:
        """The item or result of this number."""
        return next((clip for clip in self.clips if clip.item == item), None)

    @property
    def film(self) -> Clip | None:
        """The target, if it is a film."""
        clip = self.clip(self.target)
        return clip if clip is not None and clip.is_film else None
