"""What is known of the visit under way; a new one begins with nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

from appliance.kiosk.visit.work import Work


@dataclass(frozen=True, slots=True)
class Photo:
    """An imported photo. ``width`` and ``height`` in its own pixels."""

    item: int
    width: int
    height: int
    view: str = "unknown"
    score: int = 0
    judged: int = 0
    change: str = ""


@dataclass(frozen=True, slots=True)
class Variant:
    """A set of values with its result. ``result``: the number of the worker, once it is made."""

    number: int
    handles: dict[str, float]
    least: dict[str, float]
    result: int | None = None


@dataclass(slots=True)
class Visit:
    """``subject``: the pseudonym of the person who works. ``photo``: the item that is changed."""

    session: str = ""
    handle: str = ""
    user: str = ""
    subject: str = ""
    project: str | None = None
    consent: str = ""
    photos: list[Photo] = field(default_factory=list)
    photo: int | None = None
    choice: str | None = None
    points: dict[str, tuple[float, float]] = field(default_factory=dict)
    handles: dict[str, float] = field(default_factory=dict)
    least: dict[str, float] = field(default_factory=dict)
    variants: list[Variant] = field(default_factory=list)
    chosen: int | None = None
    work: Work = field(default_factory=Work)

    @property
    def shown(self) -> Photo | None:
        """The photo that is changed."""
        return next((one for one in self.photos if one.item == self.photo), None)

    @property
    def variant(self) -> Variant | None:
        """The variant that was chosen."""
        return next((one for one in self.variants if one.number == self.chosen), None)

    @property
    def result(self) -> int | None:
        """The result whose release may be asked for: of a project's swap, or of a variant."""
        if self.project is not None:
            return self.work.result
        return None if self.variant is None else self.variant.result
