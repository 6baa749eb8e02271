"""Every state in which a power cut can leave a disk, from what was written and when it was flushed.

A disk writes a sector whole or not at all. What was written before a flush is there after it; of
what was written since, any part may be there, in any order. Cases are made of whole writes in
order, of writes that were torn at a sector, and of sectors picked from all that one flush follows.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from appliance.updating.disk import Disk
from tests.updating.machines import SECTOR

Sectors = dict[int, bytes]

_ALL_SUBSETS = 6  # sectors of which every subset is tried
_SAMPLES = 12  # of larger ones
_TORN = 24  # places at which a long write is torn


@dataclass
class Recording:
    """What was written, flush by flush; the writes after the last one are a group of their own."""

    groups: list[list[Sectors]] = field(default_factory=lambda: [[]])
    asked: list[list[tuple[int, int]]] = field(default_factory=lambda: [[]])
    """Offset and bytes of each write."""

    @property
    def writes(self) -> int:
        """How many writes there were."""
        return sum(map(len, self.groups))


class RecordingDisk(Disk):
    """A disk that writes down what is written to it."""

    recording: Recording

    @classmethod
    def recorded(cls, path: Path, recording: Recording) -> RecordingDisk:
        """The disk at ``path``."""
        disk = cls.open(path, writable=True)
        disk.recording = recording
        return disk

    def write(self, offset: int, data: bytes) -> None:
        """Write, and note the sectors as they are afterwards."""
        super().write(offset, data)
        first, last = offset // SECTOR, -(-(offset + len(data)) // SECTOR)
        now = self.read(first * SECTOR, (last - first) * SECTOR)
        sectors = {first + n: now[n * SECTOR : (n + 1) * SECTOR] for n in range(last - first)}
        self.recording.groups[-1].append(sectors)
        self.recording.asked[-1].append((offset, len(data)))

    def flush(self) -> None:
        """Flush, and begin another group."""
        super().flush()
        self.recording.groups.append([])
        self.recording.asked.append([])


def cuts(recording: Recording, seed: int = 1) -> Iterator[tuple[str, Sectors]]:
    """What the power cut can leave: each case by name, as all sectors that differ from before."""
    dice = random.Random(seed)  # noqa: S311 - which cases are tried
    durable: Sectors = {}
    yield "before", {}
    for number, group in enumerate(recording.groups):
        sofar = dict(durable)
        for at, write in enumerate(group):
            for torn in _torn(write, dice):
                yield f"torn {number}.{at}", {**sofar, **torn}
            sofar |= write
            yield f"after {number}.{at}", dict(sofar)
        whole: Sectors = {}
        for write in group:
            whole |= write
        if len(group) > 1:
            for some in _subsets(whole, dice):
                yield f"reordered {number}", {**durable, **some}
        durable |= whole


def _torn(write: Sectors, dice: random.Random) -> Iterator[Sectors]:
    places = range(1, len(write))
    chosen = places if len(places) <= _TORN else sorted(dice.sample(places, _TORN))
    items = list(write.items())
    for place in chosen:
        yield dict(items[:place])
        yield dict(items[place:])


def _subsets(sectors: Sectors, dice: random.Random) -> Iterator[Sectors]:
    if len(sectors) <= _ALL_SUBSETS:
        for size in range(1, len(sectors)):
            for some in itertools.combinations(sectors.items(), size):
                yield dict(some)
        return
    for _ in range(_SAMPLES):
        share = dice.random()
        yield {at: data for at, data in sectors.items() if dice.random() < share}


class Copies:
    """One file that becomes each of the states in turn."""

    def __init__(self, before: Path, path: Path) -> None:
        """``before``: the disk as it was. ``path``: the file."""
        self._before = before.read_bytes()
        self._file = path.open("w+b")
        self._file.truncate(len(self._before))
        for offset in range(0, len(self._before), 4096):
            block = self._before[offset : offset + 4096]
            if any(block):
                self._file.seek(offset)
                self._file.write(block)
        self._file.flush()
        self._now: Mapping[int, bytes] = {}
        self.path = path

    def become(self, state: Sectors) -> None:
        """Make the file the disk with ``state``."""
        for sector in self._now.keys() - state.keys():
            self._put(sector, self._before[sector * SECTOR : (sector + 1) * SECTOR])
        for sector, data in state.items():
            if self._now.get(sector) != data:
                self._put(sector, data)
        self._file.flush()
        self._now = dict(state)

    def _put(self, sector: int, data: bytes) -> None:
        self._file.seek(sector * SECTOR)
        self._file.write(data)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
