"""Progress of a video: a bar on a terminal, occasional lines elsewhere, nothing with --json."""

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
"""Called with the number of frames done and, where it is known, their total."""

INTERVAL = 5.0  # seconds between two plain lines


@contextmanager
def show_progress(*, silent: bool) -> Iterator[ProgressCallback]:
    """Show on stderr what the callback receives, until the context is left."""
    if silent:
        yield _ignore
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
        self._started = self._printed = clock()

    def __call__(self, done: int, total: int | None) -> None:
        """Print a line if one is due."""
        now = self._clock()
        if done != total and now - self._printed < self._interval:
            return
        self._printed = now
        click.echo(progress_line(done, total, now - self._started), err=True)


def progress_line(done: int, total: int | None, seconds: float) -> str:
    """``done`` of ``total`` frames after ``seconds``, as text."""
    rate = done / seconds if seconds > 0 else 0.0
    frames = f"{done} frames" if total is None else f"{done} of {total} frames"
    if total is None or rate == 0:
        return f"{frames}, {rate:.1f} fps"
    return f"{frames}, {rate:.1f} fps, {max(0, total - done) / rate:.0f} s left"


def _ignore(done: int, total: int | None) -> None:
    """Print nothing."""


@contextmanager
def _bar() -> Iterator[ProgressCallback]:
    # Without markup: for it rich would load its table of emoji now, when the process is sealed.
    columns = (
        TextColumn("swapping", markup=False),
        BarColumn(bar_width=None),
        TaskProgressColumn("{task.percentage:>3.0f}%", markup=False),
        TextColumn("{task.completed:.0f} frames · {task.fields[fps]:.1f} fps", markup=False),
        TimeRemainingColumn(compact=True),
    )
    started = time.monotonic()
    with Progress(*columns, console=Console(stderr=True), transient=True, expand=True) as bar:
        task = bar.add_task("", total=None, fps=0.0)

        def report(done: int, total: int | None) -> None:
            seconds = max(time.monotonic() - started, 1e-6)
            bar.update(task, completed=done, total=total, fps=done / seconds)

        yield report
