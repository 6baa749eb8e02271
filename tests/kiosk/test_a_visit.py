"""A whole visit by touch against real broker, worker, ledger, releaser; and the tour's pictures."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from PySide6.QtGui import QImage

from tests.kiosk.compositor import compositor
from tests.paths import REPOSITORY


def run(*words: str) -> None:
    subprocess.run([sys.executable, "-m", *words], cwd=REPOSITORY, check=True)


def test_a_visit_from_token_to_certificate() -> None:
    run("tests.kiosk.whole_visit")


def test_a_visit_under_the_compositor_of_the_appliance(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.kiosk.whole_visit", str(tmp_path)]
    with compositor(command) as shown:
        assert shown.process.stdout is not None
        assert "done" in shown.process.stdout.read(), shown.errors
    pictures = sorted(tmp_path.glob("*.png"))
    assert len({path.read_bytes() for path in pictures}) >= 17  # a quick wipe may not be seen


def test_a_killed_service_is_named_and_there_is_a_way_on() -> None:
    run("tests.kiosk.killed_services")


def test_the_tour_keeps_a_picture_of_every_screen(tmp_path: Path) -> None:
    run("tests.kiosk.tour", str(tmp_path), "zh")
    pictures = sorted((tmp_path / "zh").glob("*.png"))
    assert len(pictures) == 28
    assert {QImage(str(path)).size().toTuple() for path in pictures} == {(1280, 800)}
    assert len({path.read_bytes() for path in pictures}) == len(pictures)


def test_an_auditor_and_an_administrator_look() -> None:
    run("tests.kiosk.looks")
