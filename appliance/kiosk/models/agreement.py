"""The three sentences that the patient ticks before anything may leave."""

from __future__ import annotations

import msgspec

from appliance.kiosk.models.model import Model, action
from appliance.kiosk.models.shared import Shared
from appliance.kiosk.visit.state import Step

SENTENCES = ("wish", "limits", "leaves")


class AgreementState(msgspec.Struct, frozen=True):
    """``ticked``: names of sentences."""

    sentences: tuple[str, ...] = SENTENCES
    ticked: list[str] = []


class Agreement(Model[AgreementState]):
    """All three are needed."""

    def __init__(self, shared: Shared) -> None:
        super().__init__(AgreementState())
        self._shared = shared

    def forget(self) -> None:
        """Nothing is ticked."""
        self.show(ticked=[])

    @action
    def tick(self, name: str) -> None:
        """Tick a sentence, or take the tick back."""
        if name in SENTENCES:
            ticked = set(self.state.ticked) ^ {name}
            self.show(ticked=[one for one in SENTENCES if one in ticked])

    @action
    def accept(self) -> None:
        """The patient agrees to all of it."""
        if len(self.state.ticked) == len(SENTENCES):
            self._shared.place.go(Step.NEXT)
