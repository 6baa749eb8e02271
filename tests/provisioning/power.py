"""A disk whose power goes before any of the steps that change it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from appliance.files import exchange as exchanging
from appliance.provisioning import place

CHANGING = ("open", "write", "mkdir", "chmod", "fchmod", "fchown", "symlink", "unlink", "rmdir")


class PowerCut(BaseException):
    """Nothing catches it, and nothing is done after it."""


@dataclass
class Disk:
    """``steps``: those before the power goes. ``lost``: what was not synced is gone then.

    ``deaf``: it does not sync files, whatever it is asked.
    """

    steps: int
    lost: bool = False
    deaf: bool = False
    dead: bool = False
    taken: int = 0
    _open: dict[int, Path] = field(default_factory=dict)
    _unsynced: set[Path] = field(default_factory=set)
    _names: set[Path] = field(default_factory=set)

    def step(self) -> None:
        if self.dead or self.taken == self.steps:
            self.dead = True
            raise PowerCut
        self.taken += 1

    def attach(self, patch: pytest.MonkeyPatch) -> None:
        for name in CHANGING:
            patch.setattr(os, name, self._counted(name, getattr(os, name)))
        patch.setattr(os, "fsync", self._synced(os.fsync))
        patch.setattr(place, "exchange", self._exchanged)

    def after_the_cut(self) -> None:
        """What the disk holds when the power is back."""
        if not self.lost:
            return
        for path in self._unsynced:
            with suppress(OSError):
                path.write_bytes(b"")
        for path in sorted(self._names, reverse=True):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)

    def _counted(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*words: Any, **options: Any) -> Any:
            reads = name == "open" and not words[1] & (os.O_WRONLY | os.O_RDWR)
            if not reads:
                self.step()
            done = real(*words, **options)
            if name == "open":
                self._open[done] = Path(words[0])
            if name in ("open", "mkdir", "symlink") and not reads:
                made = Path(words[1] if name == "symlink" else words[0])
                self._names.add(made)
                if name == "open":
                    self._unsynced.add(made)
            return done

        return call

    def _synced(self, real: Callable[[int], None]) -> Callable[[int], None]:
        def call(descriptor: int) -> None:
            self.step()
            real(descriptor)
            path = self._open.get(descriptor)
            if path is not None and not (self.deaf and path.is_file()):
                self._unsynced.discard(path)
                self._names -= {name for name in self._names if name.parent == path}

        return call

    def _exchanged(self, one: Path, other: Path) -> None:
        self.step()
        self._unsynced = {_elsewhere(path, one, other) for path in self._unsynced}
        self._names = {_elsewhere(path, one, other) for path in self._names}
        exchanging.exchange(one, other)


def _elsewhere(path: Path, one: Path, other: Path) -> Path:
    """Where ``path`` is after ``one`` and ``other`` have changed places."""
    for before, after in ((one, other), (other, one)):
        if path.is_relative_to(before):
            return after / path.relative_to(before)
    return path


@dataclass
class Tpm:
    """A TPM in memory that takes its steps on ``disk``'s power; it forgets nothing."""

    disk: Disk = field(default_factory=lambda: Disk(-1))
    value: int | None = None
    fixed: bytes | None = None

    def increment(self) -> None:
        self.disk.step()
        self.value = (self.value if self.value is not None else 40) + 1


@dataclass
class Counter:
    tpm: Tpm

    def read(self) -> int | None:
        return self.tpm.value

    def increment(self) -> None:
        self.tpm.increment()


@dataclass
class Difference:
    tpm: Tpm

    def read(self) -> bytes | None:
        return self.tpm.fixed

    def write(self, value: bytes) -> None:
        assert self.tpm.fixed is None
        self.tpm.disk.step()
        self.tpm.fixed = value
