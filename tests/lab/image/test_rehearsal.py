"""The visit of the image, on this host: what it finds by sight alone is what the screen shows."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from tests.lab.image.machine import SIZE
from tests.lab.image.rehearsal import rehearse

_STEPS = (
    *("touched: anna", "judged", "moved", "The request stands for", "This would leave"),
    *("touched: ruth", "Released as number", "Done", "Insert your token"),
)


def test_a_visit_by_sight_alone(tmp_path: Path) -> None:
    rehearse(tmp_path)
    steps = [line.split("  ")[-1] for line in (tmp_path / "steps.txt").read_text().splitlines()]
    last = [len(steps) - 1 - steps[::-1].index(step) for step in _STEPS]
    assert last == sorted(last)
    assert last[-1] == len(steps) - 1
    pictures = sorted(tmp_path.glob("*.png"))
    assert len(pictures) > 20
    with Image.open(pictures[-1]) as picture:
        assert picture.size == SIZE
