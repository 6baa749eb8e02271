"""The reference of the patient's consent, without which nothing is imported."""

from __future__ import annotations

import msgspec

from appliance.kiosk.models.model import Model, action
from appliance.kiosk.models.shared import Shared
from appliance.kiosk.visit.state import Step

_LONGEST = 64  # characters


class ConsentState(msgspec.Struct, frozen=True):
    """``reference`` as it is typed."""

    reference: str = ""


class Consent(Model[ConsentState]):
    """The reference goes into the visit, and to the worker with each import."""

    def __init__(self, shared: Shared) -> None:
        super().__init__(ConsentState())
        self._shared = shared

    def forget(self) -> None:
        """Drop what is typed; the visit keeps what was accepted."""
        self.show(reference="")

    def resume(self) -> None:
        """Show what was accepted."""
        self.show(reference=self._shared.visit.consent)

    @action
    def type(self, text: str) -> None:
        """The reference is ``text`` now."""
        self.show(reference=text[:_LONGEST])

    @action
    def accept(self) -> None:
        """Go on with what was typed."""
        reference = self.state.reference.strip()
        if reference:
            self._shared.visit.consent = reference
            self._shared.place.go(Step.NEXT)
