"""What is known of the visit under way; a new one begins with nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from appliance.kiosk.visit.work import Work
from appliance.protocols import worker_api


@dataclass(frozen=True, slots=True)
class Photo:
    """An imported photo. ``width`` and ``height`` in its own pixels.

    ``points``: what was found of the nine of a clinical photo, once it was looked at.
    """

    item: int
    width: int
    height: int
    view: str = "unknown"
    score: int = 0
    judged: int = 0
    points: Sequence[worker_api.Point] = ()


@dataclass(slots=True)
class Wish:
    """What is to be changed on one photo, and all that belongs to it.

    ``face``: which one is meant, by its number from 1, the largest; ``middle``: where it lies, and
    its height, in shares of the photo's sides.

    ``points``: set by hand, in pixels of the photo. ``handles`` that are wished, ``least`` what is
    to be expected of them at least. ``drags`` and ``regions``: by hand; they are of the wish only.
    """

    photo: int | None = None
    face: int | None = None
    middle: tuple[float, float, float] | None = None
    points: dict[str, tuple[float, float]] = field(default_factory=dict)
    handles: dict[str, float] = field(default_factory=dict)
    least: dict[str, float] = field(default_factory=dict)
    drags: list[worker_api.Drag] = field(default_factory=list)
    regions: list[worker_api.Region] = field(default_factory=list)

    def copy(self) -> Wish:
        """Another one, which changes of this one do not reach."""
        return replace(
            self,
            points=dict(self.points),
            handles=dict(self.handles),
            least=dict(self.least),
            drags=list(self.drags),
            regions=list(self.regions),
        )

    @property
    def changes(self) -> bool:
        """Whether anything is wished."""
        return bool(self.handles or self.drags or self.regions)

    def drop_changes(self) -> None:
        """Wish nothing."""
        for made in (self.handles, self.least, self.drags, self.regions):
            made.clear()


@dataclass(frozen=True, slots=True)
class Variant:
    """A wish that was kept. ``result``: the number of the worker, once it is made."""

    number: int
    wish: Wish
    result: int | None = None


@dataclass(slots=True)
class Visit:
    """``subject``: the pseudonym of the person who works. ``wish``: as it stands now.

    ``agreed``: the variant that the patient agreed to.
    """

    session: str = ""
    handle: str = ""
    user: str = ""
    subject: str = ""
    project: str | None = None
    consent: str = ""
    photos: list[Photo] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    double: list[str] = field(default_factory=list)
    wish: Wish = field(default_factory=Wish)
    variants: list[Variant] = field(default_factory=list)
    chosen: int | None = None
    work: Work = field(default_factory=Work)
    agreed: int | None = None

    @property
    def shown(self) -> Photo | None:
        """The photo that is changed."""
        return next((one for one in self.photos if one.item == self.wish.photo), None)

    @property
    def variant(self) -> Variant | None:
        """The variant that was chosen."""
        return next((one for one in self.variants if one.number == self.chosen), None)

    @property
    def result(self) -> int | None:
        """The result whose release may be asked for: of a project's swap, or of a variant."""
        if self.project is not None:
            return self.work.result
        if self.variant is None or self.agreed != self.variant.number:
            return None  # the patient has not agreed to this one
        return self.variant.result
