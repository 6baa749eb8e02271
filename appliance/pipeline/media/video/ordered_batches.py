"""Frames whose edit other threads complete, several frames at a time; they leave in order."""

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
    """The part of an edit that does not depend on earlier frames.

    ``finish`` gets what ``edit`` returned for up to ``size`` consecutive frames, in order, and
    completes them. It is called in any of ``workers`` threads, so calls overlap in time. At most
    (``workers`` + 1) x ``size`` frames are held in memory.
    """

    finish: Callable[[Sequence[Any]], None]
    size: int
    workers: int


class OrderedBatches(Generic[Item]):
    """Passes items on in the order they were added, each once its deferred work is done."""

    def __init__(self, deferred: DeferredWork | None, pass_on: Callable[[Item], None]) -> None:
        """``pass_on`` is called in the thread that adds. Without ``deferred`` at once."""
        self._deferred = deferred
        self._pass_on = pass_on
        self._pool = ThreadPoolExecutor(deferred.workers) if deferred else None
        self._items: list[Item] = []
        self._pending: list[Any] = []
        self._frames = 0
        self._running: deque[tuple[list[Item], Future[None] | None]] = deque()
        self.waited = 0.0
        """Seconds that the adding thread waited for the others."""

    def __enter__(self) -> Self:
        """The batches themselves."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Wait for the batches that are running; cancel those that are not."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def add(self, item: Item, pending: object = None, *, frame: bool = True) -> None:
        """Add the next item.

        ``pending``: what is left to do before it may leave; ``None``: nothing. ``frame``: whether
        it counts for the size of a batch. Raises what ``finish`` raised for an earlier batch.
        """
        if self._deferred is None:
            self._pass_on(item)
            return
        self._items.append(item)
        self._frames += frame
        if pending is not None:
            self._pending.append(pending)
        if self._frames == self._deferred.size:
            self._submit(self._deferred)

    def finish(self) -> None:
        """Complete and pass on everything. Raises what ``finish`` raised for a batch."""
        if self._deferred is not None:
            self._submit(self._deferred)
        while self._running:
            self._pass_on_oldest()

    def _submit(self, deferred: DeferredWork) -> None:
        if self._pool is None:
            raise RuntimeError("there are no threads for deferred work")
        done: Future[None] | None = None
        if self._pending:
            done = self._pool.submit(deferred.finish, self._pending)
        self._running.append((self._items, done))
        self._items, self._pending, self._frames = [], [], 0
        if len(self._running) > deferred.workers:
            self._pass_on_oldest()

    def _pass_on_oldest(self) -> None:
        items, done = self._running.popleft()
        if done is not None:
            started = time.monotonic()
            done.result()
            self.waited += time.monotonic() - started
        for item in items:
            self._pass_on(item)
