"""What a report is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.simulation.drawn_region import DrawnRegion
from appliance.pipeline.simulation.measuring.measurer import HandPoints
from appliance.pipeline.simulation.simulator import Simulated
from appliance.pipeline.simulation.view import View

_NOTHING: Mapping[str, str] = MappingProxyType({})
_NO_POINTS: HandPoints = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Result:
    """One simulated picture.

    ``picture``: (h, w, 3) RGB, of the photo's size. ``mesh``: of its face, (478, 3) pixels.
    ``values``: of the handles that were applied, and ``moved``: the longest move of each in the
    picture, mm. ``share``: of the move that could be made without folds. ``sha256``: of the file
    that the picture was written to, hexadecimal, if there is one.
    """

    picture: Image
    mesh: Float
    values: Mapping[str, float]
    moved: Mapping[str, float]
    share: float
    sha256: str | None = None

    @classmethod
    def of(
        cls,
        picture: Image,
        done: Simulated,
        values: Mapping[str, float],
        sha256: str | None = None,
    ) -> Result:
        """Of what the simulator did to a copy of the photo."""
        return cls(picture, done.mesh, values, done.moved, done.share, sha256)


@dataclass(frozen=True, slots=True)
class LogProof:
    """That the ledger whose public key is ``vkey`` holds ``entry``, which names the photo.

    ``text``: a C2SP tlog-proof.
    """

    entry: int
    text: str
    vkey: str


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """One photo, and what was made of it.

    ``photo``: (h, w, 3) RGB. ``triangles``: (t, 3) of the mesh, without the skirt around it.
    ``least``: the result to be expected at least; ``None`` where only the wished one was asked for.
    ``left_out``: why a handle was not applied to this photo, by handle. ``points``: set by hand.
    ``photo_sha256``: of the photo's file. ``proof``: that it was logged, or ``None``.
    ``regions``: that were changed before the handles, and ``drags``: lengths in mm of the drags
    after them. ``mirrored``: whether to show the pictures as the person sees them in a mirror.
    ``result_mirrored``: whether the result's file is as in a mirror.
    ``name``: to be printed, of the person; it goes onto the page and nowhere else. ``date``: to be
    printed.
    """

    photo: Image
    view: View
    triangles: NDArray[np.int32]
    wished: Result
    photo_sha256: str
    least: Result | None = None
    left_out: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    points: HandPoints = field(default_factory=lambda: _NO_POINTS)
    regions: Sequence[DrawnRegion] = ()
    drags: Sequence[float] = ()
    proof: LogProof | None = None
    mirrored: bool = False
    result_mirrored: bool = False
    name: str | None = None
    date: str | None = None

    @property
    def results(self) -> tuple[Result, ...]:
        """Least, where there is one, and wished."""
        return (self.wished,) if self.least is None else (self.least, self.wished)
