"""The screens of a project under a hand, offscreen, against a real machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.kiosk.studio import studio
from tests.paths import REPOSITORY


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_hand_gets_from_the_login_to_the_release(language: str, tmp_path: Path) -> None:
    (tmp_path / "samples").mkdir()
    (tmp_path / "pictures").mkdir()
    with studio(tmp_path / "samples") as running:
        sockets = [str(path) for path in (running.broker, running.disc, running.training)]
        hand = subprocess.run(
            [
                *(sys.executable, "-m", "tests.kiosk.drive_studio", *sockets),
                *(language, str(tmp_path / "pictures")),
            ],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=False,
        )
    print(hand.stdout)
    assert hand.returncode == 0, hand.stderr
    assert hand.stderr == ""  # neither Qt nor QML complains
    assert len(list((tmp_path / "pictures").glob("*.png"))) == 12
