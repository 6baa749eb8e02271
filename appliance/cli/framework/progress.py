"""Progress of long work: a bar on a terminal, occasional lines elsewhere, nothing with --json."""

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
"""Called with the number of frames or photos done and, where it is known, their total."""

INTERVAL = 5.0  # seconds between two plain lines


@contextmanager
def show_progress(
    *, silent: bool, doing: str = "swapping", unit: str = "frames"
) -> Iterator[ProgressCallback]:
    """Show on stderr what the callback receives, until the context is left.

    ``doing``: what is going on. ``unit``: what is counted.
    """
    if silent:
        yield _ignore
    elif sys.stderr.isatty():
        with _bar(doing, unit) as report:
            yield report
    else:
        yield LineProgress(unit=unit)


class LineProgress:
    """One plain line every ``interval`` seconds and one at the end."""

    def __init__(
        self,
        interval: float = INTERVAL,
        clock: Callable[[], float] = time.monotonic,
        unit: str = "frames",
    ) -> None:
        self._interval, self._unit = interval, unit
        self._clock = clock
        self._started = self._printed = clock()

    def __call__(self, done: int, total: int | None) -> None:
        """Print a line if one is due."""
        now = self._clock()
        if done != total and now - self._printed < self._interval:
            return
        self._printed = now
        click.echo(progress_line(done, total, now - self._started, self._unit), err=True)


def progress_line(done: int, total: int | None, seconds: float, unit: str = "frames") -> str:
    """``done`` of ``total`` frames, or other units, after ``seconds``, as text."""
    rate = done / seconds if seconds > 0 else 0.0
    counted = f"{done} {unit}" if total is None else f"{done} of {total} {unit}"
    speed = f"{rate:.1f} {_rate(unit)}"
    if total is None or rate == 0:
        return f"{counted}, {speed}"
    return f"{counted}, {speed}, {max(0, total - done) / rate:.0f} s left"


def _rate(unit: str) -> str:
    return "fps" if unit == "frames" else f"{unit}/s"


def _ignore(done: int, total: int | None) -> None:
    """Print nothing."""


@contextmanager
def _bar(doing: str, unit: str) -> Iterator[ProgressCallback]:
    # Without markup: for it rich would load its table of emoji now, when the process is sealed.
    columns = (
        TextColumn(doing, markup=False),
        BarColumn(bar_width=None),
        TaskProgressColumn("{task.percentage:>3.0f}%", markup=False),
        TextColumn(
            f"{{task.completed:.0f}} {unit} · {{task.fields[fps]:.1f}} {_rate(unit)}", markup=False
        ),
        TimeRemainingColumn(compact=True),
    )
    started = time.monotonic()
    with Progress(*columns, console=Console(stderr=True), transient=True, expand=True) as bar:
        task = bar.add_task("", total=None, fps=0.0)

        def report(done: int, total: int | None) -> None:
            seconds = max(time.monotonic() - started, 1e-6)
            bar.update(task, completed=done, total=total, fps=done / seconds)

        yield report
