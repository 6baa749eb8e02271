"""A PIN that is typed: kept here, never shown, and dropped once it was used."""

from __future__ import annotations

from typing import Literal, TypeVar

import msgspec

from appliance.kiosk.models.model import Model, action

Phase = Literal["choose", "pin", "touch", "look"]

_LONGEST = 63  # characters of a PIN: CTAP2 allows 63 bytes


class PinState(msgspec.Struct, frozen=True):
    """``count``: how many characters of the PIN there are, which are asked for in ``phase`` pin."""

    phase: Phase = "choose"
    count: int = 0


P = TypeVar("P", bound=PinState)


class PinModel(Model[P]):
    """Of a screen on which a person proves to be there."""

    def __init__(self, state: P) -> None:
        super().__init__(state)
        self._pin = ""

    def drop_pin(self) -> None:
        """Forget what was typed; the count is shown with what comes next."""
        self._pin = ""

    def take_pin(self) -> str:
        """What was typed, for one use; nothing where no PIN is asked for."""
        if self.state.phase != "pin":
            return ""
        pin, self._pin = self._pin, ""
        return pin

    @action
    def type(self, character: str) -> None:
        """One more character of the PIN."""
        if self.state.phase == "pin" and len(self._pin) < _LONGEST:
            self._pin += character[:1]
            self.show(count=len(self._pin))

    @action
    def erase(self) -> None:
        """The last character was wrong."""
        self._pin = self._pin[:-1]
        self.show(count=len(self._pin))
