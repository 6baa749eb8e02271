"""A whole visit by touch: what a clinician, a patient and a second person do, screen by screen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from appliance.kiosk.pictures.store import PictureStore
from appliance.kiosk.visit.state import Screen
from appliance.kiosk.window import Screen as KioskScreen
from tests.kiosk.person import Person

CLINICIAN, APPROVER = "anna", "ruth"
PIN = "1234"
REFERENCE = "C-2026-0142"

Seen = Callable[[str], None]
"""Is called with a name for each thing worth a picture."""


@dataclass
class Visit:
    """``screen`` with ``person`` before it; ``seen`` hears of each step."""

    screen: KioskScreen
    person: Person
    seen: Seen = lambda _: None

    def until_on(self, screen: Screen) -> None:
        """Wait until ``screen`` is shown."""
        place = self.screen.shared.place
        self.person.until(lambda: place.state.screen is screen, f"{screen} does not come")
        self.person.wait(0.1)  # it is laid out with its first frame

    def value(self, model: str, name: str) -> object:
        """A value of a view model."""
        return getattr(self.screen.models[model].state, name)

    def until_value(self, model: str, name: str) -> None:
        """Wait until a value of a view model is there."""
        self.person.until(lambda: bool(self.value(model, name)), f"no {model}.{name}")

    def until_picture(self, name: str) -> None:
        """Wait until a picture of this name is there."""
        pictures = self.screen.shared.pictures
        assert isinstance(pictures, PictureStore)
        self.person.until(lambda: not pictures.get(name).isNull(), f"no picture {name}")

    def enter_pin(self, pin: str = PIN) -> None:
        """On the pad."""
        for digit in pin:
            self.person.touch(f"digit-{digit}")
        self.person.touch("digit-enter")

    def touch_token(self) -> None:
        """Once it blinks."""
        self.until_value("training", "blinking")
        self.person.touch("token-touch")

    def log_in(self, user: str = CLINICIAN) -> None:
        """From the first screen to that of the consent."""
        self.until_value("training", "tokens")
        self.person.until(lambda: not self.value("session", "lost"), "the broker does not answer")
        self.seen("welcome")
        self.person.touch(f"token-{user}")
        self.until_on(Screen.LOGIN)
        self.until_value("login", "people")
        self.seen("login")
        self.person.touch(f"person-{user}")
        self.seen("pin")
        self.enter_pin()
        self.until_value("training", "blinking")
        self.seen("touch")
        self.touch_token()

    def take_photos(self) -> None:
        """Reference, disc, photos, checks."""
        self.until_on(Screen.CONSENT)
        self.person.type(REFERENCE)
        self.seen("consent")
        self.person.touch("next")
        self.until_on(Screen.SERIES)
        self.person.touch("read")
        self.until_value("series", "files")
        self.seen("disc")
        self.person.touch("file-1")
        self.until_value("series", "photos")
        self.person.until(self._is_checked, "the photo is not checked")
        self.seen("series")
        self.person.touch("next")

    def change(self) -> None:
        """Face, handles, comparison, a variant."""
        self.until_on(Screen.FACE)
        self.until_value("face", "boxes")
        self.seen("face")
        self.person.touch("next")
        self.until_on(Screen.CHANGES)
        self.until_value("changes", "knobs")
        self.person.touch("region-nose")
        self.person.slide("slider-alar-width", 0.15)
        self.until_value("changes", "fresh")
        self.seen("changes")
        self.person.touch("next")
        self.until_on(Screen.COMPARE)
        self.until_picture("wished")
        self.seen("compare-divider")
        self.person.touch("mode-sides")
        self.seen("compare-sides")
        self.person.touch("next")
        self.until_on(Screen.VARIANTS)
        self.person.touch("keep")
        self.until_value("variants", "kept")
        self.until_picture("variant-1")
        self.seen("variants")
        self.person.touch("next")

    def ask(self) -> None:
        """The patient's ticks, and the request."""
        self.until_on(Screen.AGREEMENT)
        for sentence in ("wish", "limits", "leaves"):
            self.person.touch(f"tick-{sentence}")
        self.until_picture("agreed")
        self.seen("agreement")
        self.person.touch("next")
        self.until_on(Screen.REQUEST)
        self.person.touch("ask")
        self.until_value("request", "release")
        self.seen("request")

    def look(self) -> None:
        """The second person logs in to look."""
        self.person.touch(f"token-{APPROVER}")
        self.person.touch("decide")
        self.until_on(Screen.DECISION)
        self.until_value("request", "people")
        self.seen("second-person")
        self.person.touch(f"person-{APPROVER}")
        self.enter_pin()
        self.touch_token()
        self.until_value("request", "seen")
        self.seen("decision")

    def approve(self) -> None:
        """The second person approves what they looked at."""
        self.person.touch("approve")
        self.enter_pin()
        self.touch_token()

    def lock_and_reopen(self) -> None:
        """The token is pulled, and comes back."""
        self.person.touch(f"token-{CLINICIAN}")
        self.person.until(lambda: self.screen.shared.place.state.locked, "it does not lock")
        self.seen("locked")
        self.person.touch(f"token-{CLINICIAN}")
        self.person.wait(1.0)
        self.enter_pin()
        self.touch_token()
        self.person.until(lambda: not self.screen.shared.place.state.locked, "it stays locked")

    def end(self) -> None:
        """Everything is wiped, and the certificate seen."""
        self.until_on(Screen.REQUEST)
        self.person.touch("next")
        self.person.touch("next")  # the first one asks whether that is meant
        self.seen("ending")
        self.until_on(Screen.CERTIFICATE)
        self.seen("certificate")
        self.person.touch("next")

    def _is_checked(self) -> bool:
        photos = self.screen.models["series"].values()["photos"]
        return bool(photos and photos[0]["judged"])
