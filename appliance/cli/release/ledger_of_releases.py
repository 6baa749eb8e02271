"""What the ledger of this user has of releases, and the proofs of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self, TypeAlias

from appliance.audit.entries.events import ReleaseApproved, ReleaseBegun, ReleaseSigned
from appliance.audit.entries.reader import LogLine, read_lines
from appliance.audit.export.bundle import prove_entry
from appliance.audit.tlog.reader import CHECKPOINT, VKEY, LedgerReader
from appliance.errors import ReleaseError
from appliance.release.disc.manifest import DiscLedger

_Beginning: TypeAlias = ReleaseApproved | ReleaseBegun
"""An entry whose index is the number of a release."""


@dataclass(frozen=True, slots=True)
class Release:
    """Two entries of the ledger: the one that is the number, and that of the ``signed`` copy.

    ``result``: SHA-256 of what was released; ``at``: when it was signed, in ms since 1970.
    """

    number: int
    result: str
    signed: ReleaseSigned
    at: int
    lines: tuple[LogLine, LogLine]


class LedgerOfReleases:
    """The releases in the ledger in ``store``, which must not change meanwhile: a snapshot.

    ``second_person``: only those that a second person approved.
    """

    def __init__(self, store: LedgerReader, *, second_person: bool) -> None:
        self._store = store
        self._second_person = second_person

    @classmethod
    def at(cls, folder: Path, *, second_person: bool) -> Self:
        """The ledger in ``folder``, as it is now. Raises ``LedgerError``."""
        return cls(LedgerReader(folder).snapshot(), second_person=second_person)

    def find(self, number: int, copy: str) -> Release:
        """The release with this number, whose copy has the SHA-256 ``copy``.

        Raises ``ReleaseError`` if there is none, and ``LedgerError`` if the ledger is damaged.
        """
        begun = self._begun.get(number)
        beginning = None if begun is None else begun.entry.event
        if begun is None or not isinstance(beginning, _Beginning):
            raise ReleaseError(
                "This ledger has no release of its number.",
                "Burn it where it was released, with the ledger of that user.",
            )
        if self._second_person and not isinstance(beginning, ReleaseApproved):
            raise ReleaseError(
                "The policy demands that a second person approves a release.",
                "Release it once more, with their approval.",
            )
        for line in self._signed.get(number, ()):
            event = line.entry.event
            if isinstance(event, ReleaseSigned) and event.copy == copy:
                return Release(number, beginning.result, event, line.entry.at, (begun, line))
        raise ReleaseError(
            "It is not the copy that was signed under its number.",
            "Release the result once more, and leave the copy as it is.",
        )

    @property
    def disc_ledger(self) -> DiscLedger:
        """The name of this ledger, and its key."""
        verifier = self._store.verifier()
        return DiscLedger(verifier.name, verifier.vkey)

    def proofs(self, release: Release) -> Mapping[str, bytes]:
        """Files for a disc: what proves both entries, and the key. Raises ``LedgerError``."""
        note = self._store.read(CHECKPOINT)
        names = (
            f"ledger/release-{release.number}-{what}.tlog-proof" for what in ("number", "copy")
        )
        proved = {
            name: prove_entry(self._store, note, line).encode()
            for name, line in zip(names, release.lines, strict=True)
        }
        return {**proved, f"ledger/{VKEY}": self._store.read(VKEY)}

    @cached_property
    def _lines(self) -> list[LogLine]:
        head = self._store.checkpoint(self._store.verifier())
        return [
            line
            for line in read_lines(self._store, head)
            if isinstance(line.entry.event, _Beginning | ReleaseSigned)
        ]

    @cached_property
    def _begun(self) -> Mapping[int, LogLine]:
        return {
            line.entry.seq: line for line in self._lines if isinstance(line.entry.event, _Beginning)
        }

    @cached_property
    def _signed(self) -> Mapping[int, list[LogLine]]:
        found: dict[int, list[LogLine]] = {}
        for line in self._lines:
            if isinstance(line.entry.event, ReleaseSigned):
                found.setdefault(line.entry.event.number, []).append(line)
        return found
