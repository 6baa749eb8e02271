"""The screens as a machine of states: as it is drawn, and without a dead end."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

from appliance.kiosk.visit.state import NEXT, Screen, Step, after

_README = Path(str(files("appliance.kiosk.visit"))) / "README.md"
_ARROW = re.compile(r"(\w+) --> (\w+): ([a-z-]+)")


def drawn(text: str) -> dict[tuple[Screen, Step], Screen]:
    """The table that a drawing stands for; an arrow from a box is one from each screen in it."""
    arrows: list[tuple[str, str, str]] = []
    boxes: dict[str, set[str]] = {}
    box: str | None = None
    for line in text.partition("```mermaid\n")[2].partition("```")[0].splitlines():
        if opened := re.fullmatch(r"\s*state (\w+) \{", line):
            box = opened[1]
            boxes[box] = set()
        elif line.strip() == "}":
            box = None
        elif found := _ARROW.fullmatch(line.strip()):
            arrows.append((found[1], found[2], found[3]))
            if box is not None:
                boxes[box] |= {found[1], found[2]}
    return {
        (Screen(one), Step(step)): Screen(there)
        for here, there, step in arrows
        for one in boxes.get(here, {here})
    }


def test_the_drawing_is_the_table() -> None:
    assert drawn(_README.read_text("utf-8")) == dict(NEXT)


def test_every_screen_is_reached_from_the_first() -> None:
    reached, waiting = {Screen.WELCOME}, [Screen.WELCOME]
    while waiting:
        here = waiting.pop()
        for there in {after(here, step) for step in Step} - reached:
            reached.add(there)
            waiting.append(there)
    assert reached == {*Screen}


def test_every_screen_leads_back_to_the_first() -> None:
    for screen in Screen:
        seen, waiting = {screen}, [screen]
        while waiting:
            here = waiting.pop()
            new = {after(here, step) for step in Step} - seen
            seen |= new
            waiting += new
        assert Screen.WELCOME in seen, screen


def test_what_is_not_in_the_table_does_nothing() -> None:
    for screen in Screen:
        for step in Step:
            if (screen, step) not in NEXT:
                assert after(screen, step) is screen
