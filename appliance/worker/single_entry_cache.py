"""The last of what was made, for whoever asks for the same again: a slider that is moved."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class SingleEntryCache(Generic[T]):
    """Keeps one. For one thread at a time."""

    def __init__(self) -> None:
        self._kept: tuple[Hashable, T] | None = None

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """What was made for ``key`` if that was the last, or what ``make`` makes now."""
        kept = self._kept
        if kept is None or kept[0] != key:
            kept = self._kept = (key, make())
        return kept[1]

    def forget(self) -> None:
        """Keep nothing. From any thread."""
        self._kept = None
