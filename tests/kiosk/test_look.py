"""Every screen looks as it was approved, in both languages, and Qt has nothing to say of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import pytest

from appliance.kiosk.words.catalogue import LANGUAGES
from tests.kiosk import sources
from tests.kiosk.approved import FOLDER, Pixels, approved, difference, is_like, pixels_of
from tests.kiosk.scenes import SCENES, Scene, play
from tests.kiosk.stage import Stage

_FONTCONFIG = """<fontconfig><dir>/usr/share/fonts</dir><match target="pattern">
<edit name="hintstyle" mode="assign"><const>{hints}</const></edit>
<edit name="autohint" mode="assign"><bool>{automatic}</bool></edit></match></fontconfig>"""

_DRAW = """
import sys
from pathlib import Path
from PySide6.QtGui import QGuiApplication
from tests.kiosk.scenes import SCENES, play
from tests.kiosk.stage import Stage
stage = Stage(QGuiApplication(["draw"]), Path(sys.argv[1]))
play(stage, next(scene for scene in SCENES if scene.name == "welcome"), "zh")
stage.grab().save(sys.argv[2])
stage.close()
"""

_BY_NAME = {scene.name: scene for scene in SCENES}


def drawn(stage: Stage, scene: Scene, language: str = "en") -> Pixels:
    """The scene as it is drawn now."""
    play(stage, scene, language)
    return pixels_of(stage.grab())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scene", [pytest.param(scene, id=scene.name) for scene in SCENES])
def test_a_screen_looks_as_approved(stage: Stage, scene: Scene, language: str) -> None:
    stage.messages.clear()
    pixels, reference = drawn(stage, scene, language), approved(scene.name, language)
    assert is_like(pixels, reference), difference(pixels, reference)
    assert stage.messages == []


def test_letters_are_the_same_whatever_a_machine_sets_for_fonts(tmp_path: Path) -> None:
    pictures = []
    for hints, automatic in (("hintnone", "false"), ("hintfull", "true")):
        settings, picture = tmp_path / f"{hints}.conf", tmp_path / f"{hints}.png"
        settings.write_text(_FONTCONFIG.format(hints=hints, automatic=automatic))
        environment = {
            **os.environ,
            "FONTCONFIG_FILE": str(settings),
            "QT_QPA_PLATFORM": "offscreen",
            "QT_QUICK_BACKEND": "software",
        }
        command = [sys.executable, "-c", _DRAW, str(tmp_path / "nowhere"), str(picture)]
        subprocess.run(command, env=environment, check=True, timeout=300)
        pictures.append(picture.read_bytes())
    assert pictures[0] == pictures[1]


def test_every_screen_has_a_scene() -> None:
    screens = {path.stem for path in (sources.QML / "screens").glob("*.qml")}
    assert screens - {"Locked"} <= {scene.place.value for scene in SCENES}


def test_every_approved_picture_is_of_a_scene_and_small() -> None:
    found = sorted(FOLDER.rglob("*.png"))
    assert {path.stem for path in found} == _BY_NAME.keys()
    assert len(found) == len(LANGUAGES) * len(SCENES)
    assert max(path.stat().st_size for path in found) < 32 << 10


def test_smoother_letters_are_no_difference(stage: Stage) -> None:
    for name in ("agreement", "decision-look"):
        pixels = drawn(stage, _BY_NAME[name])
        smooth: Any = cv2.GaussianBlur(pixels, (3, 3), 0.5)
        assert is_like(smooth, approved(name, "en"))


def test_a_button_that_moved_is_a_difference(stage: Stage) -> None:
    for name, button in (
        ("agreement", "back"),
        ("decision-look", "approve"),
        ("decision-look", "decline-other"),
    ):
        play(stage, _BY_NAME[name], "en")
        item = stage.item(button)
        item.setX(item.x() + 4)
        assert not is_like(pixels_of(stage.grab()), approved(name, "en")), button


def test_a_word_that_is_missing_is_a_difference(stage: Stage) -> None:
    words = stage.screen.bridge._words
    for scene, word in (
        ("agreement", "steps_agreement"),
        ("series", "series_disc"),
        ("consent", "bar_lock"),
        ("compare", "compare_before"),
    ):
        whole = words.value(word)
        words.insert(word, "")
        try:
            assert not is_like(drawn(stage, _BY_NAME[scene]), approved(scene, "en")), word
        finally:
            words.insert(word, whole)


def test_another_language_is_a_difference(stage: Stage) -> None:
    for scene in ("welcome", "login", "locked"):
        assert not is_like(drawn(stage, _BY_NAME[scene], "zh"), approved(scene, "en"))
