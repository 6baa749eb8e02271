"""What every engine offers: it prepares a person's photos and changes faces, shot by shot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from appliance.inference.batch_scheduler import InferenceTask
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.turn import TurnLimits
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.media.canvas import Canvas


class Shot(Protocol):
    """Changes one face, frame by frame, until the next cut; a photo is a shot of one frame."""

    def edit(
        self, canvas: Canvas, face: Face, share: float = 1.0, covered: Float | None = None
    ) -> InferenceTask[None]:
        """Change the face in the next frame, in place, by ``share``: 0-1 of the whole change.

        ``covered``: (478,) 0-1, how far hands are in front of each mesh point, if any are. The
        caller keeps the hands as they are, by the ``canvas``; it only says what not to look at.
        """
        ...


StartShot: TypeAlias = Callable[[], Shot]
"""Starts a shot of a face that was not seen before."""


class PreparedSource(Protocol):
    """A person as one engine takes them."""

    def shots(self, strength: Float, *, video: bool) -> StartShot:
        """What changes a face into theirs, by ``strength``: (478,) 0-1 at each mesh point."""
        ...


class Engine(Protocol):
    """Changes faces. An engine knows no other engine.

    ``name``: what results are called wherever they are shown. ``provider``: what runs its largest
    network. ``batch``: how many faces are best changed at once; above 1 only where nothing is
    remembered from frame to frame. ``source_margin``: how much of a source's photo around the face
    it wants to see, on every side, in the face's own size. ``turn_limits``: how far a face may be
    turned from the camera.
    """

    @property
    def name(self) -> str:
        """See the class."""
        ...

    @property
    def provider(self) -> str:
        """See the class."""
        ...

    @property
    def batch(self) -> int:
        """See the class."""
        ...

    @property
    def source_margin(self) -> float:
        """See the class."""
        ...

    @property
    def turn_limits(self) -> TurnLimits:
        """See the class."""
        ...

    def prepare(self, photos: Sequence[tuple[Image, Face]]) -> PreparedSource:
        """One person, from cut-outs of photos with the face in each of them."""
        ...
