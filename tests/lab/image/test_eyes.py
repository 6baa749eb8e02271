"""What is read from pictures of the kiosk's screens: each word that a visit needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from tests.lab.image.eyes import Sight
from tests.lab.image.hands import KEYBOARD, PIN_PAD
from tests.paths import REPOSITORY

_NEEDED = {
    "welcome": ("Insert your token",),
    "login": ("Who are you?", "anna", "ruth"),
    "pin": ("PIN of anna", "Enter", "Delete"),
    "touch": ("Touch your token",),
    "consent": ("Reference of the consent", "Continue", "Lock"),
    "disc": ("Photos of the patient", "Show the samples", "SAMPLE/front.jpg"),
    "series": ("6 of 6 points", "Continue"),
    "face": ("This face was found.", "Continue"),
    "changes": ("What the operation is to change", "Nose", "Alar width", "Compare", "Undo all"),
    "compare-divider": ("Before and after", "Side by side", "Keep"),
    "variants": ("Variants", "Variant 1", "Continue"),
    "agreement": ("For the patient", "I understand that the picture", "I agree that this picture"),
    "request": ("The request stands for", "The second person decides", "End and erase"),
    "second-person": ("Who decides?", "ruth"),
    "decision": ("This would leave", "Approve", "consent missing", "another reason"),
    "not-released": ("Ask for the release", "OK"),
    "locked": ("Locked", "Enter"),
    "certificate": ("Erased", "Done"),
    "audit": ("The log is whole", "Check again"),
    "audit-export": ("The whole log", "Burn the disc"),
    "machine": ("Storage", "People"),
}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("tour")
    words = ["tests.kiosk.tour", str(folder), "en"]
    subprocess.run([sys.executable, "-m", *words], cwd=REPOSITORY, check=True)
    return {path.stem.split("-", 1)[1]: path for path in (folder / "en").glob("*.png")}


@pytest.mark.parametrize("screen", _NEEDED)
def test_each_word_that_is_needed_is_found(pictures: dict[str, Path], screen: str) -> None:
    with Image.open(pictures[screen]) as picture:
        sight = Sight(picture)
        assert [phrase for phrase in _NEEDED[screen] if not sight.says(phrase)] == []
        # Nothing is read that is not there.
        assert sight.find("Format the disk") is None


def test_keys_are_found_by_their_places(pictures: dict[str, Path]) -> None:
    with Image.open(pictures["pin"]) as picture:
        pin = Sight(picture).pad(PIN_PAD)
    assert set(pin) == {*"0123456789", "Delete", "Enter"}
    assert pin["1"][0] == pin["4"][0] < pin["5"][0] == pin["0"][0]
    assert pin["7"][1] < pin["0"][1] == pin["Enter"][1]
    with Image.open(pictures["consent"]) as picture:
        keys = Sight(picture).pad(KEYBOARD)
        assert len(keys) == 40
        assert Sight(picture).pad(PIN_PAD) == {}


def test_a_button_that_is_disabled_has_another_ground(pictures: dict[str, Path]) -> None:
    grounds = {}
    for name in ("disc", "series"):
        with Image.open(pictures[name]) as picture:
            sight = Sight(picture)
            place = sight.find("Continue")
            assert place is not None
            under = sight.under(place.middle)
            assert under is not None
            grounds[name] = under.colour
    assert grounds["series"] == (111, 208, 200)
    assert grounds["disc"] != grounds["series"]


def test_words_of_any_colour_are_read() -> None:
    for ground, ink in (("white", "black"), ("black", "white"), ("#102040", "#ffcc00")):
        picture = Image.new("RGB", (640, 120), ground)
        ImageDraw.Draw(picture).text((40, 40), "Everything is erased", fill=ink, font_size=28)
        assert Sight(picture).says("Everything is erased")
    assert Sight(Image.new("RGB", (640, 120), "black")).text == ""
