"""Before and after: a divider, side by side, or one after the other; zoom and pan in step."""

from __future__ import annotations

from typing import Literal

import msgspec

from appliance.kiosk.models.changes import Changes
from appliance.kiosk.models.model import Model, action
from appliance.kiosk.models.shared import Shared
from appliance.kiosk.visit.state import Step

Mode = Literal["divider", "sides", "blink"]


class CompareState(msgspec.Struct, frozen=True):
    """``mirrored``: as the patient sees themselves. ``shows``: wished or least."""

    mode: Mode = "divider"
    mirrored: bool = False
    shows: Literal["wished", "least"] = "wished"
    has_least: bool = False


class Compare(Model[CompareState]):
    """Pictures before and after, by the same names as where they were made."""

    def __init__(self, shared: Shared, changes: Changes) -> None:
        super().__init__(CompareState())
        self._shared = shared
        self._changes = changes

    @action
    def load(self) -> None:
        """Show both pictures."""
        visit = self._shared.visit
        if visit.photo is None:
            return
        self.show(has_least=bool(visit.least), shows="wished")
        self._shared.show_item(visit.photo, "before")
        self._show_after()

    @action
    def choose(self, mode: Mode) -> None:
        """How both are shown."""
        self.show(mode=mode)

    @action
    def mirror(self) -> None:
        """As in a mirror, or as others see it."""
        self.show(mirrored=not self.state.mirrored)

    @action
    def choose_kind(self, shows: Literal["wished", "least"]) -> None:
        """What is wished, or the least to be expected."""
        self.show(shows=shows)
        self._show_after()

    @action
    def accept(self) -> None:
        """Go on to keep it as a variant."""
        self._shared.place.go(Step.NEXT)

    def _show_after(self) -> None:
        self._shared.show_preview(
            "PreviewSimulation", self._changes.simulation(self.state.shows, 1024), "after"
        )
