"""Everything is touched at random, while services answer at random; see ``monkey.py``."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.paths import REPOSITORY

EVENTS = 4000
"""``make kiosk-monkey`` does 100,000."""


def test_whatever_is_touched_nothing_breaks_and_no_picture_is_seen_while_locked() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.kiosk.monkey", str(EVENTS), "1"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(done.stdout)
    assert figures["pictures seen"] > 5, "a control: pictures can be seen where they may be"
    assert figures["locked pages looked at"] > 20
    assert {"on Consent", "on Series", "on Face", "on Changes"} <= figures.keys()
