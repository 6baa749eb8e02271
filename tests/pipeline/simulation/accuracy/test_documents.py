"""docs/simulation.md says which landmarks tell a handle, as they are."""

from __future__ import annotations

import re

from appliance.pipeline.simulation.accuracy.telling import TELLING
from tests.paths import REPOSITORY

ROW = re.compile(r"^\| ((?:`[a-z-]+`(?:, )?)+) \| ((?:both )?`[a-z-`, ]+) \|$", re.MULTILINE)
WORD = re.compile(r"`([a-z-]+)`")


def _points(cell: str) -> set[str]:
    names = WORD.findall(cell)
    if cell.startswith("both "):
        return {f"{side}-{name}" for name in names for side in ("right", "left")}
    return set(names)


def test_the_landmarks_of_each_handle_are_listed_as_they_are() -> None:
    text = (REPOSITORY / "docs/simulation.md").read_text().partition("| handle | measured by |")[2]
    text = text.partition("For the others no point does.")[0]
    rows = {
        handle: _points(cell)
        for handles, cell in ROW.findall(text)
        for handle in WORD.findall(handles)
    }
    assert rows == {handle: set(points) for handle, points in TELLING.items()}
