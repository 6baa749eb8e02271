"""Before and after: a divider, side by side, or one after the other; zoom and pan in step."""

from __future__ import annotations

from typing import Literal

import msgspec

from appliance.kiosk.models.model import Model, action
from appliance.kiosk.models.shared import Shared
from appliance.kiosk.models.wishes import Shows, preview_of
from appliance.kiosk.visit.state import Step

Mode = Literal["divider", "sides", "blink"]

_MOST_ZOOM = 6.0
_SIDE = 1024  # pixels of a preview's longer side: the most that a worker makes


class CompareState(msgspec.Struct, frozen=True):
    """``mirrored``: as the patient sees themselves. ``shows``: wished or least.

    ``ratio``: the photo's height over its width; what is simulated is longer, by its words.
    ``zoom``: 1 and more. ``pan_x``, ``pan_y``: how far the middle of what is seen lies from that
    of the picture, in shares of its sides.
    """

    mode: Mode = "divider"
    mirrored: bool = False
    shows: Shows = "wished"
    has_least: bool = False
    ratio: float = 1.0
    zoom: float = 1.0
    pan_x: float = 0.0
    pan_y: float = 0.0


class Compare(Model[CompareState]):
    """The pictures are called before, wished and least."""

    def __init__(self, shared: Shared) -> None:
        super().__init__(CompareState())
        self._shared = shared

    def forget(self) -> None:
        """Begin with what is wished, as others see it."""
        self.show(mode="divider", mirrored=False, shows="wished", has_least=False, ratio=1.0)
        self.whole()

    @action
    def load(self) -> None:
        """Have all pictures, so that to change between them takes no time."""
        visit = self._shared.visit
        photo = visit.shown
        if photo is None:
            return
        least = preview_of(visit.wish, "least", _SIDE)
        self.show(
            has_least=least is not None, shows="wished", ratio=photo.height / max(1, photo.width)
        )
        self._shared.show_item(photo.item, "before", _SIDE)
        for name, wanted in (("wished", preview_of(visit.wish, "wished", _SIDE)), ("least", least)):
            if wanted is not None:
                self._shared.show_preview("PreviewSimulation", wanted, name, latest=False)

    @action
    def choose(self, mode: Mode) -> None:
        """How both are shown."""
        self.show(mode=mode)

    @action
    def mirror(self) -> None:
        """As in a mirror, or as others see it."""
        self.show(mirrored=not self.state.mirrored)

    @action
    def zoom(self, factor: float) -> None:
        """All pictures are so many times as large as they were."""
        self.show(zoom=min(_MOST_ZOOM, max(1.0, self.state.zoom * factor)))
        self.pan(0.0, 0.0)

    @action
    def pan(self, right: float, down: float) -> None:
        """What is seen moves by shares of the pictures' sides, not beyond their edges."""
        most = (1 - 1 / self.state.zoom) / 2
        self.show(
            pan_x=min(most, max(-most, self.state.pan_x + right)),
            pan_y=min(most, max(-most, self.state.pan_y + down)),
        )

    @action
    def whole(self) -> None:
        """See all of it again."""
        self.show(zoom=1.0, pan_x=0.0, pan_y=0.0)

    @action
    def choose_kind(self, shows: Shows) -> None:
        """What is wished, or the least to be expected."""
        if shows == "wished" or self.state.has_least:
            self.show(shows=shows)

    @action
    def accept(self) -> None:
        """Go on to keep it as a variant."""
        self._shared.place.go(Step.NEXT)
