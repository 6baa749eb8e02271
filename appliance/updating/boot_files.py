"""The kernel images on the boot partition: that of the running slot, and that of the other one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from appliance.updating.bundle import Part
from appliance.updating.disk import Region
from appliance.updating.entry_names import FOLDER, EntryName
from appliance.updating.fat.names import Entry
from appliance.updating.fat.volume import Stored, Volume
from appliance.updating.problem import RefusedUpdateError
from appliance.updating.running import Running


class BootFiles:
    """The boot partition in ``region``, while ``running`` runs.

    The running image's file is found by its version, which no other slot has: an update has to
    have a higher one. Every other file of the folder belongs to the other slot, or to nothing.
    """

    def __init__(self, region: Region, running: Running) -> None:
        """Open it. Raises ``RefusedUpdateError`` if the running image has no whole file there."""
        self._image = running.image
        self._volume = Volume(region, FOLDER)
        own = [file for file in self._volume.files() if self._is_of(file, running.version)]
        whole = [file for file in own if self._volume.is_whole(file)]
        if not whole:
            raise RefusedUpdateError("esp")
        self._own = max(whole, key=_tries)
        self._stored: Stored | None = None

    def holds(self, version: str, part: Part) -> bool:
        """Whether the file of ``version`` is there, and is ``part``."""
        return any(
            self._is_of(file, version)
            and file.size == part.size
            and self._volume.is_whole(file)
            and _sha256(self._volume.read(file)) == part.sha256
            for file in self._volume.files()
        )

    def check_room(self, size: int) -> None:
        """Raise ``RefusedUpdateError`` if ``size`` bytes do not fit once the others are gone."""
        if size > self._volume.room(self._others()):
            raise RefusedUpdateError("too-large")

    def clear(self) -> None:
        """Remove everything but the running image's file, durably."""
        for file in self._others():
            self._volume.remove(file)
        self._volume.tidy(self._own)

    def store(self, data: Iterable[bytes], part: Part) -> None:
        """Write a kernel image without a name, durably. Raises ``RefusedUpdateError`` if it failed.

        ``data``: its bytes.
        """
        stored = self._volume.store(data, part.size)
        if _sha256(self._volume.read(stored)) != part.sha256:
            raise RefusedUpdateError("slot")
        self._stored = stored

    def publish(self, version: str) -> None:
        """Name what was stored, with all tries left, by one write."""
        if self._stored is None:
            raise RuntimeError("nothing was stored")
        self._volume.name(self._stored, EntryName(self._image, version).fresh())

    def confirm(self) -> bool:
        """Give the running image all its tries again; False if it has them, and nothing is written.

        Raises ``RefusedUpdateError`` if there is no room for the name.
        """
        name = EntryName.parse(self._own.name)
        twins = [file for file in self._others() if file.first == self._own.first]
        if name is None or (name.is_fresh and not twins):
            return False
        if twins:
            self._volume.tidy(self._own)
        if not name.is_fresh:
            self._volume.rename(self._own, name.fresh())
        return True

    def _others(self) -> list[Entry]:
        """All files but the running image's; of names of the same bytes, ``tidy`` takes care."""
        return [file for file in self._volume.files() if file.slots != self._own.slots]

    def _is_of(self, file: Entry, version: str) -> bool:
        name = EntryName.parse(file.name)
        return name is not None and (name.image, name.version) == (self._image, version)


def _tries(file: Entry) -> tuple[int, int]:
    """Orders several names of the running image: the one with most tries left is kept."""
    name = EntryName.parse(file.name)
    if name is None:
        return -1, 0
    return (1 << 30 if name.left is None else name.left), -(name.done or 0)


def _sha256(data: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for piece in data:
        digest.update(piece)
    return digest.hexdigest()
