"""A cache of few entries, for requests that repeat: a person moves a slider, and looks back."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class RecentCache(Generic[T]):
    """Keeps the values of the last keys. For one thread at a time, except ``clear``."""

    def __init__(self, most: int = 1) -> None:
        """``most``: how many values are kept, 1 or more."""
        self._most = most
        self._entries: OrderedDict[Hashable, T] = OrderedDict()
        self._cleared = 0
        self._changing = Lock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of ``key`` if it is kept, else the result of ``make``."""
        with self._changing:
            cleared = self._cleared
            if key in self._entries:
                self._entries.move_to_end(key)
                return self._entries[key]
        value = make()
        with self._changing:
            if cleared == self._cleared:  # else it was made of what is to be forgotten
                self._entries[key] = value
                if len(self._entries) > self._most:
                    self._entries.popitem(last=False)
        return value

    def clear(self) -> None:
        """Drop all entries, and what is being made. From any thread."""
        with self._changing:
            self._entries.clear()
            self._cleared += 1
