"""A cache of one entry, for requests that repeat: a person moves a slider."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class SingleEntryCache(Generic[T]):
    """Keeps the value of the last key. For one thread at a time, except ``clear``."""

    def __init__(self) -> None:
        self._entry: tuple[Hashable, T] | None = None

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The cached value if ``key`` is that of the last call, else the result of ``make``."""
        entry = self._entry
        if entry is None or entry[0] != key:
            entry = self._entry = (key, make())
        return entry[1]

    def clear(self) -> None:
        """Drop the entry. From any thread."""
        self._entry = None
