"""What the start of the program hands to the command that runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from appliance.seal.seal import SealReport


class Sealing(Protocol):
    """The two steps of :mod:`appliance.seal.seal` as commands use them."""

    report: SealReport | None
    """Set by :meth:`seal`."""

    def confine(self, readable: Sequence[Path], outputs: Sequence[Path]) -> None:
        """Before the models are loaded: restrict paths.

        Only the folders in ``readable`` and the folders that contain ``outputs`` stay accessible.
        """

    def seal(self, provider: str, *, serving: bool = False) -> None:
        """After the models are loaded, to run on ``provider``, and before any media is read.

        ``serving``: descriptors are passed to a child that was forked before.
        """


@dataclass(frozen=True, slots=True)
class RunContext:
    """The context object of every command.

    ``inherited``: descriptors that were open when the program began, to be closed by the seal.
    ``display``: the variables that lead to a person's display, which no other process gets.
    ``sealing``: replaces the seal of this process; for tests, which could not undo a real one.
    """

    inherited: frozenset[int] = frozenset()
    sealing: Sealing | None = None
    display: Mapping[str, str] = field(default_factory=dict)
