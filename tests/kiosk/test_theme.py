"""Colours can be told apart, by the formula of WCAG 2.2 (https://www.w3.org/TR/WCAG22/)."""

from __future__ import annotations

import re

import pytest

from tests.kiosk import sources

_COLOUR = re.compile(r'readonly property color (\w+): "#([0-9a-f]{6})"')

# Text on what it is written on: 4.5 to 1 at least.
TEXTS = [
    *(
        (ink, ground)
        for ink in ("text", "quiet", "warning")
        for ground in ("background", "surface")
    ),
    *((ink, ground) for ink in ("text", "quiet") for ground in ("raised",)),
    ("text", "pressed"),
    ("danger", "raised"),
    ("danger", "pressed"),
    ("good", "background"),
    ("good", "surface"),
    ("accent", "background"),
    ("accentInk", "accent"),
    ("dangerInk", "warning"),
    ("background", "text"),
    ("warning", "training"),
]
# Frames, marks and what is drawn on what is around it: 3 to 1 at least.
BORDERS = [
    *(
        (line, ground)
        for line in ("line", "accent", "text")
        for ground in ("background", "surface")
    ),
    ("accent", "raised"),
    ("text", "raised"),
    ("danger", "background"),
    ("warning", "surface"),
    ("accent", "pressed"),
    ("warning", "pressed"),
]


def colours() -> dict[str, str]:
    """The colours of the theme by name, as six hexadecimal digits."""
    return dict(_COLOUR.findall(dict(sources.texts())["controls/Theme.qml"]))


def contrast(first: str, second: str) -> float:
    """Of two colours, from 1 to 21."""
    lighter, darker = sorted((luminance(first), luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    """Relative luminance of a colour of sRGB, from 0 to 1."""
    linear = []
    for at in (0, 2, 4):
        share = int(colour[at : at + 2], 16) / 255
        linear.append(share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4)
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_the_formula() -> None:
    assert contrast("ffffff", "000000") == pytest.approx(21)
    assert contrast("777777", "ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize(("ink", "ground"), TEXTS)
def test_text_can_be_read(ink: str, ground: str) -> None:
    assert contrast(colours()[ink], colours()[ground]) >= 4.5


@pytest.mark.parametrize(("line", "ground"), BORDERS)
def test_frames_can_be_seen(line: str, ground: str) -> None:
    assert contrast(colours()[line], colours()[ground]) >= 3.0


def test_colours_are_named_in_the_theme_alone() -> None:
    for name, text in sources.texts():
        if name != "controls/Theme.qml":
            assert not re.search(r'"#[0-9a-fA-F]{3,8}"', text), name
