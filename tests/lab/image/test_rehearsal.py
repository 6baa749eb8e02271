"""The visit of the image, on this host: what it finds by sight alone is what the screen shows."""

from __future__ import annotations

import re
from pathlib import Path

from tests.lab.image.rehearsal import rehearse


def test_a_visit_by_sight_alone(tmp_path: Path) -> None:
    rehearse(tmp_path)
    steps = (tmp_path / "steps.txt").read_text()
    for step in ("touched: anna", "judged", "moved", "touched: ruth", "Released as number"):
        assert step in steps
    assert re.search(r"Erased\n.*Done", steps)
    assert len(list(tmp_path.glob("*.png"))) > 20
