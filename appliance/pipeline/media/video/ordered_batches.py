"""Frames whose edit other threads finish, several frames at a time; they leave in order."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class DeferredWork:
    """The part of an edit that needs no frame before it.

    ``finish`` gets what ``edit`` left of up to ``size`` frames that follow each other, in order,
    and does it, in any of ``workers`` threads; so it must not mind that groups overlap in time.
    Memory: (``workers`` + 1) x ``size`` frames.
    """

    finish: Callable[[Sequence[Any]], None]
    size: int
    workers: int


class OrderedBatches(Generic[Item]):
    """Items handed on in the order they came in; those with something left when that is done."""

    def __init__(self, rest: DeferredWork | None, hand_on: Callable[[Item], None]) -> None:
        """``hand_on`` is called in the thread that adds. Without ``rest`` nothing is ever left."""
        self._rest = rest
        self._hand_on = hand_on
        self._pool = ThreadPoolExecutor(rest.workers) if rest else None
        self._items: list[Item] = []
        self._left: list[Any] = []
        self._frames = 0
        self._at_work: deque[tuple[list[Item], Future[None] | None]] = deque()
        self.waited = 0.0
        """Seconds that the adding thread waited for others."""

    def __enter__(self) -> Self:
        """Nothing more happens on entry."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Wait for what is at work; what has not begun never will."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def add(self, item: Item, left: object = None, *, frame: bool = True) -> None:
        """The next item, and what ``edit`` left of it. Raises what ``finish`` of another did."""
        if self._rest is None:
            self._hand_on(item)
            return
        self._items.append(item)
        self._frames += frame
        if left is not None:
            self._left.append(left)
        if self._frames == self._rest.size:
            self._begin(self._rest)

    def finish(self) -> None:
        """Hand on all that is left. Raises what ``finish`` of one did."""
        if self._rest is not None:
            self._begin(self._rest)
        while self._at_work:
            self._end()

    def _begin(self, rest: DeferredWork) -> None:
        if self._pool is None:
            raise RuntimeError("there is nobody to begin")
        done: Future[None] | None = None
        if self._left:
            done = self._pool.submit(rest.finish, self._left)
        self._at_work.append((self._items, done))
        self._items, self._left, self._frames = [], [], 0
        if len(self._at_work) > rest.workers:
            self._end()

    def _end(self) -> None:
        items, done = self._at_work.popleft()
        if done is not None:
            started = time.monotonic()
            done.result()
            self.waited += time.monotonic() - started
        for item in items:
            self._hand_on(item)
