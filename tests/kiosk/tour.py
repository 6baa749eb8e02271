"""Drives a training machine through a whole visit without a screen; keeps a picture of each step.

    python -m tests.kiosk.tour FOLDER

One folder for each language, and ``sheet-LANGUAGE.png`` with all of them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from threading import Thread

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPainter
from rich.console import Console

from appliance import resources
from appliance.kiosk.window import Screen
from appliance.kiosk.words.catalogue import LANGUAGES, Language
from appliance.training.machine import Machine, Plan
from tests.kiosk.looks import administer, audit
from tests.kiosk.person import Person
from tests.kiosk.visit import APPROVER, CLINICIAN, Visit

_COLUMNS, _WIDTH, _GAP = 4, 640, 8


def main(folder: Path) -> None:
    """Write the pictures of both languages into ``folder``."""
    console = Console(stderr=True)
    for language in LANGUAGES:
        with console.status(f"a visit in {'English' if language == 'en' else 'Chinese'}"):
            # QML has one singleton of a name in a process.
            command = [sys.executable, "-m", "tests.kiosk.tour", str(folder), language]
            subprocess.run(command, check=True)
        pictures = sorted((folder / language).glob("*.png"))
        assert _sheet(pictures).save(str(folder / f"sheet-{language}.png"))
        console.print(f"{len(pictures)} pictures in {folder / language}")


def tour(language: Language, folder: Path) -> None:
    """Write the pictures of a visit, numbered in their order."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ["QT_QUICK_BACKEND"] = "software"
    application = QGuiApplication(["kiosk-tour"])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    ledger = Path(tempfile.mkdtemp())
    machine = Machine(Plan(resources.policies() / "training.yaml", ledger / "ledger"))
    running = Thread(target=machine.run)
    running.start()
    pictures: list[Path] = []
    try:
        assert machine.ready.wait(300), "the machine does not start"
        place = machine.place
        screen = Screen(application, place.broker, place.disc, place.training, language)
        person = Person(screen.window)

        def keep(name: str) -> None:
            pictures.append(folder / f"{len(pictures) + 1:02d}-{name}.png")
            person.keep(pictures[-1])

        visit = Visit(screen, person, keep)
        visit.log_in()
        visit.take_photos()
        visit.change()
        visit.ask()
        visit.look()
        visit.approve()
        visit.until_value("place", "refusal")  # in training nothing is released
        keep("not-released")
        person.touch(f"token-{APPROVER}")
        visit.lock_and_reopen()
        visit.end()
        person.touch(f"token-{CLINICIAN}")
        audit(visit)
        administer(visit)
        screen.close()
    finally:
        machine.stop()
        running.join()
        shutil.rmtree(ledger)


def _sheet(pictures: Sequence[Path]) -> QImage:
    small = [
        QImage(str(path)).scaledToWidth(_WIDTH, Qt.TransformationMode.SmoothTransformation)
        for path in pictures
    ]
    height = small[0].height()
    rows = -(-len(small) // _COLUMNS)
    sheet = QImage(
        _COLUMNS * (_WIDTH + _GAP) - _GAP, rows * (height + _GAP) - _GAP, QImage.Format.Format_RGB32
    )
    sheet.fill(QColor("white"))
    painter = QPainter(sheet)
    for number, picture in enumerate(small):
        left, top = number % _COLUMNS * (_WIDTH + _GAP), number // _COLUMNS * (height + _GAP)
        painter.drawImage(QRect(left, top, _WIDTH, height), picture)
    painter.end()
    return sheet


if __name__ == "__main__":
    if len(sys.argv) > 2:
        tour("zh" if sys.argv[2] == "zh" else "en", Path(sys.argv[1], sys.argv[2]))
    else:
        main(Path(sys.argv[1]))
