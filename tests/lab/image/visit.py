"""A visit at a screen that is only seen: from the token to the certificate of the erasure.

Clinician, patient and a second person do what the screen says, in its own words: those of
``appliance/kiosk/words/en.toml`` by their names, so that a sentence that changes is found here too.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from appliance.kiosk.words.catalogue import words
from tests.lab.image.eyes import Box, Sight
from tests.lab.image.hands import KEYBOARD, PIN_PAD, Hands

REFERENCE = "K-2031-7758"  # not the example that the screen shows

_SLIDER = 320  # pixels that a slider's buttons may be apart
_BUTTON = range(44, 68)  # pixels: the sides of a slider's "less" and "more"
_VALUE = re.compile(r"[-\u2013\u2014]\s?\d+([.,]\d+)?\s?mm")
_SURE = 0.5  # seconds
_SENTENCE = 5  # words of a sentence that suffice to know it


class Token(Protocol):
    """In somebody's hand."""

    def plug_in(self) -> None:
        """Into the machine."""
        ...

    def pull(self) -> None:
        """Out of the machine."""
        ...

    def touch_when_it_blinks(self, seconds: float) -> None:
        """Touch it, once it asks for that. Raises ``TimeoutError``."""
        ...


@dataclass(frozen=True)
class Person:
    """Their name, as the screen has it, their token, and its PIN."""

    name: str
    token: Token
    pin: str


@dataclass(frozen=True)
class Visit:
    """``photo``: the words under which the disc's photo is listed. ``patience``: seconds a step."""

    hands: Hands
    clinician: Person
    second: Person
    photo: str
    patience: float = 900.0

    def log_in(self) -> None:
        """To the screen of the consent."""
        self._see("welcome_insert")
        self.clinician.token.plug_in()
        self._see("login_who")
        self.hands.tap(self.clinician.name, self.patience)
        self._see("login_pin", self.clinician.name)
        self._prove(self.clinician)
        self._see("consent_title")

    def take_photo(self) -> None:
        """The reference, and the photo from the disc."""
        self.hands.type_on(KEYBOARD, REFERENCE)
        self._go_on()
        self._see("series_title")
        self._tap("series_disc")
        self.hands.tap(self.photo, self.patience)
        # It is judged when it says how many of the points are good.
        judged = _pattern("series_score")
        self.hands.until(lambda sight: bool(judged.search(sight.text)), "judged", self.patience)
        self._go_on()

    def move_a_handle(self) -> None:
        """The face is found, and the nose becomes narrower."""
        self._see("face_one")
        self._go_on()
        self._see("changes_title")
        self._tap("region_nose")
        label = self.hands.find(_say("handle_alar_width"), self.patience)
        less, more = self._slider_below(label)
        middle = (less[0] + more[0]) // 2
        self.hands.drag((middle, less[1]), ((less[0] + middle) // 2, less[1]))
        self.hands.until(lambda sight: bool(_VALUE.search(sight.text)), "moved", self.patience)
        self._tap("changes_compare", lit=True)

    def choose(self) -> None:
        """Before and after, and a variant."""
        self._see("compare_title")
        self._tap("compare_sides")
        self._tap("compare_keep", lit=True)
        self._see("variants_title")
        self._tap("variants_keep")
        self._see("variants_one", "1")
        self._go_on()

    def ask(self) -> None:
        """The patient's ticks, and the request."""
        self._see("agreement_title")
        for sentence in ("wish", "limits", "leaves"):
            self._tap(f"agreement_{sentence}")
        self._go_on()
        self._see("request_title")
        self._tap("request_ask", lit=True)
        self.hands.wait_for("The request stands for", self.patience)

    def approve(self) -> None:
        """The second person looks, and approves."""
        self.second.token.plug_in()
        self._tap("request_decide", lit=True)
        self._see("decision_who")
        self.hands.tap(self.second.name, self.patience)
        self._see("decision_pin_look", self.second.name)
        self._prove(self.second)
        self._see("decision_look")
        self._tap("decision_approve", lit=True)
        self._see("decision_pin_approve", self.second.name)
        self._prove(self.second)
        self.hands.wait_for("Released as number", self.patience)
        self.second.token.pull()

    def burn(self) -> None:
        """A blank disc must be in the drive."""
        self._tap("request_burn", lit=True)
        self.hands.wait_for("The disc is burned, read back", self.patience)

    def burn_without_a_burner(self) -> None:
        """It is refused, which is said; what was released stays."""
        self._tap("request_burn", lit=True)
        self.hands.wait_for("The burner does not answer", self.patience)
        self._tap("notice_close")

    def end(self) -> None:
        """Everything is erased; the certificate, and the first screen again."""
        place = self.hands.find(_say("session_end"), self.patience, lit=True).middle
        self.hands.touch(place)
        time.sleep(_SURE)
        self.hands.glance(_say("session_sure"))  # it asks so for a moment only
        self.hands.touch(place)
        self._see("certificate_more")
        self._tap("certificate_done", lit=True)
        self.clinician.token.pull()
        self._see("welcome_insert")

    def export_the_log(self) -> None:
        """The second person, who is an auditor too, burns the log; a blank disc must be there."""
        self._see("welcome_insert")
        self.second.token.plug_in()
        self._see("login_who")
        self.hands.tap(self.second.name, self.patience)
        self._see("login_pin", self.second.name)
        self._tap("task_audit")
        self._prove(self.second)
        self._see("audit_title")
        self._tap("audit_export")
        self._see("export_title")
        self._tap("export_burn", lit=True)
        self.hands.wait_for("Burned and read back", self.patience)
        self._tap("looking_leave")
        self.second.token.pull()
        self._see("welcome_insert")

    def whole(self, burn: Callable[[], None]) -> None:
        """All of it. ``burn``: what is done about the disc."""
        self.log_in()
        self.take_photo()
        self.move_a_handle()
        self.choose()
        self.ask()
        self.approve()
        burn()
        self.end()

    def _prove(self, person: Person) -> None:
        self.hands.type_on(PIN_PAD, [*person.pin, "Enter"])
        person.token.touch_when_it_blinks(self.patience)
        self.hands.album.note(f"touched: {person.name}")

    def _see(self, name: str, filled: str = "") -> None:
        self.hands.wait_for(_say(name, filled), self.patience)

    def _tap(self, name: str, *, lit: bool = False) -> None:
        self.hands.tap(_say(name), self.patience, lit=lit)

    def _go_on(self) -> None:
        self._tap("go_on", lit=True)

    def _slider_below(self, label: Box) -> tuple[tuple[int, int], tuple[int, int]]:
        """The middles of the buttons at both ends of the slider below ``label``."""
        found: list[tuple[int, int]] = []

        def there(sight: Sight) -> bool:
            found[:] = sorted(
                one.box.middle
                for one in sight.surfaces
                if one.box.width in _BUTTON and one.box.height in _BUTTON
                if 0 < one.box.middle[1] - label.middle[1] < 60
                if -40 < one.box.middle[0] - label.left < _SLIDER + 100
            )
            return len(found) == 2

        self.hands.until(there, "slider", self.patience)
        return found[0], found[1]


def _say(name: str, filled: str = "") -> str:
    """The first words of a sentence of the screen."""
    return " ".join(words("en")[name].replace("%1", filled).split()[:_SENTENCE])


def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"%\\?\d", r"\\d+", words("en")[name]))
