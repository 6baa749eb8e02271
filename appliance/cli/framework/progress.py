"""How far a video is: a bar on a terminal, a line now and then elsewhere, nothing with --json."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

ProgressCallback: TypeAlias = Callable[[int, int | None], None]
"""Called with the frames done and, where it is known, the frames there are."""

INTERVAL = 5.0  # seconds between two plain lines


@contextmanager
def show_progress(*, silent: bool) -> Iterator[ProgressCallback]:
    """Show on stderr what the ``ProgressCallback`` is told, while inside."""
    if silent:
        yield _nothing
    elif sys.stderr.isatty():
        with _bar() as report:
            yield report
    else:
        yield LineProgress()


class LineProgress:
    """One plain line every ``interval`` seconds and one at the end."""

    def __init__(
        self, interval: float = INTERVAL, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._interval = interval
        self._clock = clock
        self._started = self._said = clock()

    def __call__(self, done: int, total: int | None) -> None:
        """Say how far it is, if it is time to."""
        now = self._clock()
        if done != total and now - self._said < self._interval:
            return
        self._said = now
        click.echo(progress_line(done, total, now - self._started), err=True)


def progress_line(done: int, total: int | None, seconds: float) -> str:
    """``done`` of ``total`` frames after ``seconds``, in words."""
    rate = done / seconds if seconds > 0 else 0.0
    frames = f"{done} frames" if total is None else f"{done} of {total} frames"
    if total is None or rate == 0:
        return f"{frames}, {rate:.1f} fps"
    return f"{frames}, {rate:.1f} fps, {max(0, total - done) / rate:.0f} s left"


def _nothing(done: int, total: int | None) -> None:
    """Say nothing."""


@contextmanager
def _bar() -> Iterator[ProgressCallback]:
    # Without markup, whose table of emoji rich would load now, when the process is sealed.
    columns = (
        TextColumn("swapping", markup=False),
        BarColumn(bar_width=None),
        TaskProgressColumn("{task.percentage:>3.0f}%", markup=False),
        TextColumn("{task.completed:.0f} frames · {task.fields[fps]:.1f} fps", markup=False),
        TimeRemainingColumn(compact=True),
    )
    started = time.monotonic()
    with Progress(*columns, console=Console(stderr=True), transient=True, expand=True) as shown:
        task = shown.add_task("", total=None, fps=0.0)

        def report(done: int, total: int | None) -> None:
            seconds = max(time.monotonic() - started, 1e-6)
            shown.update(task, completed=done, total=total, fps=done / seconds)

        yield report
