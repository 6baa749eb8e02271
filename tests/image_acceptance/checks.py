"""A check of an image: what must hold, how it is found out, and what was found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias


class Unfit(Exception):  # noqa: N818 - it is printed as what does not hold
    """What must hold does not."""


@dataclass(frozen=True, slots=True)
class Check:
    """``find`` returns in a few words what was found, or raises ``Unfit``."""

    what: str
    how: str
    find: Callable[[], str]


Checks: TypeAlias = Iterator[Check]


def demand(holds: object, found: str) -> str:
    """``found``, if it ``holds``. Raises ``Unfit`` otherwise."""
    if not holds:
        raise Unfit(found)
    return found


def none_of(found: list[str]) -> str:
    """That nothing was found. Raises ``Unfit`` with the first few otherwise."""
    return demand(not found, f"{len(found)}: {', '.join(found[:5])}" if found else "none")
