"""A bounded queue between two threads that any thread can stop."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")


class QueueStoppedError(Exception):
    """The queue was stopped, because another stage has failed."""


class BoundedQueue(Generic[Item]):
    """First in, first out; at most ``capacity`` items wait."""

    def __init__(self, capacity: int) -> None:
        """``capacity``: at least 1."""
        self._capacity = capacity
        self._items: deque[Item] = deque()
        self._changed = threading.Condition()
        self._finished = False
        self._stopped = False

    def put(self, item: Item) -> None:
        """Add ``item``, once there is room. Raises ``QueueStoppedError`` once stopped."""
        with self._changed:
            while len(self._items) >= self._capacity and not self._stopped:
                self._changed.wait()
            if self._stopped:
                raise QueueStoppedError
            self._items.append(item)
            self._changed.notify_all()

    def finish(self) -> None:
        """Mark the end: no item follows."""
        with self._changed:
            self._finished = True
            self._changed.notify_all()

    def stop(self) -> None:
        """Drop all items and raise ``QueueStoppedError`` in both threads."""
        with self._changed:
            self._stopped = True
            self._items.clear()
            self._changed.notify_all()

    def __iter__(self) -> Iterator[Item]:
        """Items until ``finish``. Raises ``QueueStoppedError`` once stopped."""
        while True:
            with self._changed:
                while not self._items and not self._finished and not self._stopped:
                    self._changed.wait()
                if self._stopped:
                    raise QueueStoppedError
                if not self._items:
                    return
                item = self._items.popleft()
                self._changed.notify_all()
            yield item
