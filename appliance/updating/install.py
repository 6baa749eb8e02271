"""Installs a bundle into the slot that is not running.

The order makes a power cut harmless at every write:

1. the other slot's kernel image leaves the boot partition, so nothing starts a half-written slot;
2. its root and verity partitions are written, made durable, and read back;
3. the partition table gets their new ids and names, first in the copy at the end of the disk;
4. the new kernel image is stored without a name, made durable, read back, and then named.

The running slot, its entries in the table and its kernel image are never written. The ledger has
the event before the last step: what it cannot record does not start.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from appliance.audit.entries import events
from appliance.audit.entries.events import AnyEvent
from appliance.errors import ApplianceError, LedgerError, TpmError
from appliance.updating.boot_files import BootFiles
from appliance.updating.bundle import Bundle, Header, PartName, Progress, open_bundle
from appliance.updating.disk import Disk, Region
from appliance.updating.problem import RefusedUpdateError
from appliance.updating.running import (
    Locations,
    Place,
    Running,
    find_place,
    partition_ids,
    trusted_keys,
)
from appliance.updating.source import Source

_CHUNK = 1 << 20

Outcome: TypeAlias = Literal["installed", "already-installed", "running"]
Log: TypeAlias = Callable[[AnyEvent], object]
OpenDisk: TypeAlias = Callable[[Place], Disk]
Say: TypeAlias = Callable[[str, int, int], None]
"""Called with what is being done, the bytes done, and their total."""


class Newest(Protocol):
    """The number of the newest image that booted well; both raise ``TpmError``."""

    def read(self) -> int | None:
        """The number, if there is one yet."""
        ...

    def raise_to(self, number: int) -> None:
        """Set it to ``number``, unless it is that high already."""
        ...


@dataclass(frozen=True, slots=True)
class Updater:
    """What an update needs of the machine. ``number``: the newest image that booted well here."""

    at: Locations
    number: Newest
    log: Log
    say: Say
    open_disk: OpenDisk

    def apply(self, source: Source) -> Outcome:
        """Install the bundle in ``source``; nothing is written if that is done already.

        Raises ``RefusedUpdateError``, and logs it, if the bundle is refused; ``LedgerError`` if
        that cannot be logged; ``InputError`` if this machine runs no image of the appliance.
        """
        running = Running.read(self.at)
        number = None
        try:
            bundle = open_bundle(source, trusted_keys(self.at))
            number = bundle.header.number
            return self._install(bundle, running)
        except LedgerError:
            raise
        except (ApplianceError, OSError) as error:
            refused = _refusal(error)
            self.log(events.UpdateRefused(refused.reason, number))
            raise refused from error

    def _install(self, bundle: Bundle, running: Running) -> Outcome:
        header = bundle.header
        if header.image != running.image:
            raise RefusedUpdateError("foreign")
        if header.root_hash == running.root_hash:
            return "running"
        if not _is_newer(header, running, self.number.read() or 0):
            raise RefusedUpdateError("older")
        place = find_place(self.at, running)
        with self.open_disk(place) as disk:
            installation = _Installation(disk, place, bundle, running, self.say)
            if installation.is_done():
                return "already-installed"
            installation.check_room()
            bundle.verify(self._progress("checking the update"))
            installation.write()
            self.log(events.UpdateInstalled(header.number, header.root_hash))
            installation.start_it_next()
        return "installed"

    def _progress(self, doing: str) -> Progress:
        return lambda done, total: self.say(doing, done, total)


class _Installation:
    """One bundle on its way to the other slot of ``place``."""

    def __init__(
        self, disk: Disk, place: Place, bundle: Bundle, running: Running, say: Say
    ) -> None:
        self._disk, self._place, self._bundle = disk, place, bundle
        self._header = bundle.header
        self._say = say
        self._boot = BootFiles(place.boot.region(disk), running)
        self._targets: dict[PartName, Region] = {
            "root": place.other.root.region(disk),
            "verity": place.other.verity.region(disk),
        }

    def is_done(self) -> bool:
        """Whether slot, table and kernel image are those of the bundle already.

        Then nothing is done, even if the image has no tries left: what failed three times is not
        started again because its disc is still in the drive.
        """
        return (
            self._place.table.torn is None
            and self._place.other.holds(self._header.root_hash)
            and self._boot.holds(self._header.version, self._header.parts.uki)
            and all(self._is_written(name) for name in self._targets)
        )

    def check_room(self) -> None:
        """Raise ``RefusedUpdateError`` if a part is larger than its place."""
        for name, region in self._targets.items():
            if self._header.part(name).size > region.size:
                raise RefusedUpdateError("too-large")
        self._boot.check_room(self._header.parts.uki.size)

    def write(self) -> None:
        """Write everything but the name of the kernel image, durably, and read it back."""
        self._boot.clear()
        for name, region in self._targets.items():
            self._copy(name, region)
        self._disk.flush()
        for name in self._targets:
            if not self._is_written(name):
                raise RefusedUpdateError("slot")
        root, verity = partition_ids(self._header.root_hash)
        table = self._place.table.heal(self._disk)
        table.rename(
            self._disk,
            {
                self._place.other.root.number: (root, f"root-{self._header.version}"),
                self._place.other.verity.number: (verity, f"verity-{self._header.version}"),
            },
        )
        part = self._header.parts.uki
        self._boot.store(self._compared("uki", self._bundle.pieces("uki")), part)

    def start_it_next(self) -> None:
        """Name the kernel image: from here on it is the first one that is started."""
        self._boot.publish(self._header.version)

    def _copy(self, name: PartName, region: Region) -> None:
        total, done = self._header.part(name).size, 0
        for piece in self._compared(name, self._bundle.pieces(name)):
            region.write(done, piece)
            done += len(piece)
            self._say(f"writing {name}", done, total)

    def _compared(self, name: PartName, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """``pieces``; raises ``RefusedUpdateError`` after them if they are not as verified."""
        digest = hashlib.sha256()
        for piece in pieces:
            digest.update(piece)
            yield piece
        if digest.hexdigest() != self._header.part(name).sha256:
            raise RefusedUpdateError("unsteady")

    def _is_written(self, name: PartName) -> bool:
        """Whether the disk holds the part."""
        part, region = self._header.part(name), self._targets[name]
        if part.size > region.size:
            return False
        digest = hashlib.sha256()
        for offset in range(0, part.size, _CHUNK):
            digest.update(region.read(offset, min(_CHUNK, part.size - offset)))
            self._say(f"reading back {name}", min(offset + _CHUNK, part.size), part.size)
        return digest.hexdigest() == part.sha256


def _is_newer(header: Header, running: Running, seen: int) -> bool:
    """Whether the bundle is newer than what runs, and not older than any image that ran well.

    The version counts too: systemd-boot starts the image with the highest one.
    """
    return (
        header.number > running.number
        and header.number >= seen
        and _sortable(header.version) > _sortable(running.version)
    )


def _sortable(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))


def _refusal(error: ApplianceError | OSError) -> RefusedUpdateError:
    if isinstance(error, RefusedUpdateError):
        return error
    if isinstance(error, TpmError):
        return RefusedUpdateError("tpm")
    if isinstance(error, OSError):
        return RefusedUpdateError("disk")
    return RefusedUpdateError("unreadable")
