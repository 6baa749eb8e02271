"""What the QML of the screen names: values, actions, and words, also those it puts together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

QML = Path(str(files("appliance.kiosk"))) / "qml"

TAKING = ("sources", "target", "likeness")
"""The models of a ``TakingPage``, which names its values ``taking`` and its actions by an end."""

_TAKEN = re.compile(r"\btaking\.(\w+)")
_VALUE = re.compile(r"\bKiosk\.(\w+)\.(\w+)")
_ACT = re.compile(r"\bKiosk\.act\(")
_WORD = re.compile(r"\bKiosk\.words\.(\w+)")
_MADE_WORD = re.compile(r"\bKiosk\.words\[")
_STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
_BRACKETS = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class Act:
    """A call of ``Kiosk.act``: ``names`` of the action, ``count`` of its arguments."""

    file: str
    names: tuple[str, ...]
    count: int


def texts() -> Iterator[tuple[str, str]]:
    """Name and text of each QML file, without comments."""
    for path in sorted(QML.rglob("*.qml")):
        text = re.sub(r"(?m)(^|\s)//.*$", "", path.read_text("utf-8"))
        yield str(path.relative_to(QML)), text


def values() -> set[tuple[str, str, str]]:
    """File, model and value of each ``Kiosk.MODEL.VALUE``."""
    return {
        (name, found[1], found[2])
        for name, text in texts()
        for found in _VALUE.finditer(text)
        if found[1] != "words"
    } | {
        (name, model, found[1])
        for name, text in texts()
        for found in _TAKEN.finditer(text)
        for model in TAKING
    }


def acts() -> list[Act]:
    """All calls of ``Kiosk.act``. A name that is put together is a beginning with a dot."""
    found = []
    for name, text in texts():
        for match in _ACT.finditer(text):
            first, second = arguments(text, match.end())
            names = tuple(
                f"{model}{one}"
                for one in _STRING.findall(first)
                if "." in one
                for model in (TAKING if one.startswith(".") else ("",))
            )
            inner = second.strip()
            assert inner.startswith("["), (name, inner)
            found.append(Act(name, names, len(arguments(inner, 1))))
    return found


def words() -> dict[str, int]:
    """Each word that is named whole, with how many values are filled in at most."""
    named: dict[str, int] = {}
    for _, text in texts():
        for match in _WORD.finditer(text):
            count = _filled(text, match.end())
            named[match[1]] = max(count, named.get(match[1], 0))
    return named


def beginnings() -> dict[str, set[str]]:
    """The beginning of each word that is put together, with the files where that is done."""
    found: dict[str, set[str]] = {}
    for name, text in texts():
        for match in _MADE_WORD.finditer(text):
            (inside,) = arguments(text, match.end())
            beginning = _STRING.match(inside.strip())
            if beginning is not None:
                found.setdefault(beginning[1], set()).add(name)
                continue
            # The table is an argument of a function of the screen: as its callers name it.
            function = text.rindex("function ", 0, match.start()) + len("function ")
            called = text[function : text.index("(", function)]
            assert inside.startswith("table +"), (name, inside)
            for table in re.findall(rf'{called}\("(\w+)"', text):
                found.setdefault(f"{table}_", set()).add(name)
    return found


def strings() -> set[str]:
    """All string literals."""
    return {found for _, text in texts() for found in _STRING.findall(text)}


def arguments(text: str, start: int) -> list[str]:
    """What stands in the bracket that was opened before ``start``, cut at its commas."""
    parts, depth, begun, quoted = [], 0, start, False
    for at in range(start, len(text)):
        one = text[at]
        if one == '"' and text[at - 1] != "\\":
            quoted = not quoted
        elif quoted:
            continue
        elif one in _BRACKETS:
            depth += 1
        elif one in _BRACKETS.values():
            if depth == 0:
                parts.append(text[begun:at])
                break
            depth -= 1
        elif one == "," and depth == 0:
            parts.append(text[begun:at])
            begun = at + 1
    return [] if parts == [""] else parts


def _filled(text: str, at: int) -> int:
    """How many times ``.arg(…)`` follows at this place."""
    count = 0
    while text.startswith(".arg(", at):
        inside = arguments(text, at + 5)
        at += 5 + sum(map(len, inside)) + max(0, len(inside) - 1) + 1
        count += 1
    return count
