"""Where the person is: the screen, whether it is locked, and what was refused."""

from __future__ import annotations

import msgspec

from appliance.kiosk.calls.refusal import Refusal
from appliance.kiosk.models.model import Model, action
from appliance.kiosk.visit.state import Screen, Step, after
from appliance.kiosk.words.catalogue import LANGUAGES, Language


class PlaceState(msgspec.Struct, frozen=True):
    """``refusal``: the code of what was refused last, or nothing; ``wait``: its seconds."""

    screen: Screen = Screen.WELCOME
    locked: bool = False
    language: Language = "en"
    refusal: str = ""
    wait: int = 0


class Place(Model[PlaceState]):
    """The one state machine of the screen, and the language."""

    def __init__(self, language: Language = "en") -> None:
        super().__init__(PlaceState(language=language))

    def go(self, step: Step) -> None:
        """Take a step; what was refused before is forgotten."""
        self.show(refusal="", wait=0, screen=after(self.state.screen, step))

    def refuse(self, refusal: Refusal) -> None:
        """Say what was refused."""
        self.show(refusal=refusal.code, wait=refusal.wait)

    @action
    def speak(self, language: str) -> None:
        """Change the language."""
        for one in LANGUAGES:
            if one == language:
                self.show(language=one)

    @action
    def back(self) -> None:
        """Go back to the screen before."""
        self.go(Step.BACK)

    @action
    def dismiss(self) -> None:
        """The person has read what was refused."""
        self.show(refusal="", wait=0)
