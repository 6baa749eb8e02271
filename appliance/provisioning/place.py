"""The site's folder on the disk: what is in force, and what is about to be.

A bundle is written into a folder next to it, whole and synced; then the number is raised in the
TPM; then the two folders change places in one step. A crash leaves either what was in force, or a
whole folder that ``recover`` puts in force: whatever was written whole had been accepted.
"""

from __future__ import annotations

import grp
import hashlib
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from appliance.files.atomic import sync_folder, write_file
from appliance.files.exchange import exchange
from appliance.files.read import read_regular
from appliance.files.reasons import reason_of
from appliance.provisioning import people
from appliance.provisioning.problem import ProvisionError
from appliance.provisioning.record import NAME as RECORD
from appliance.provisioning.record import Record, read_record
from appliance.provisioning.site_files import SEALED, SiteFile

SITE: Final = Path("/var/lib/appliance-site")
RELEASE_KEYS: Final = Path("/var/lib/appliance-release-keys")

_UNLOGGED = "unlogged"  # a file that is there until the ledger has the event
_BROKER = "appliance-broker"
_LIMIT = 1 << 20  # bytes of a sealed key


@dataclass(frozen=True, slots=True)
class Place:
    """``site``: in force, ``/etc/appliance`` from the next start. ``release_keys``: the releasers'.

    ``broker``: the id of the broker's group.
    """

    site: Path
    release_keys: Path
    broker: int

    @classmethod
    def of_machine(cls) -> Place:
        """That of this machine. Raises ``ProvisionError`` if the appliance is not installed."""
        try:
            broker = grp.getgrnam(_BROKER).gr_gid
        except KeyError as error:
            raise ProvisionError(
                "This machine is no appliance: the broker's group is missing.",
                "Apply the bundle on an appliance.",
            ) from error
        return cls(SITE, RELEASE_KEYS, broker)

    @property
    def next(self) -> Path:
        """Where a bundle is written before it is in force, or what was in force before."""
        return self.site.with_name(self.site.name + ".next")

    def present(self) -> Record | None:
        """The record of what is in force. Raises ``ProvisionError`` if it is damaged."""
        return read_record(self.site)

    def staged(self) -> Record | None:
        """The record of what was written whole and is newer than what is in force.

        Raises ``ProvisionError`` if the record of what is in force is damaged.
        """
        present = self.present()
        try:
            staged = read_record(self.next)
        except ProvisionError:
            return None  # the power went while it was written
        if staged is None or staged.deviations(self.next):
            return None
        return staged if present is None or staged.number > present.number else None

    @property
    def is_settled(self) -> bool:
        """Whether the machine has started since a bundle was applied."""
        return not self.next.exists()

    def stage(self, record: Record, files: Mapping[str, SiteFile]) -> None:
        """Write all of a bundle next to what is in force. Raises ``ProvisionError``."""
        try:
            self.next.mkdir(mode=0o755)
            self._fill(record, files)
        except OSError as error:
            with suppress(OSError):
                self._drop()
            raise _cannot_write(error) from error

    def switch(self) -> None:
        """Put in force what is staged. Raises ``ProvisionError``.

        What was in force stays where that was, since ``/etc/appliance`` shows it until the next
        start.
        """
        try:
            if not self.site.exists():
                self.site.mkdir(mode=0o755)
                sync_folder(self.site.parent)
            exchange(self.site, self.next)
        except OSError as error:
            raise _cannot_write(error) from error

    def drop(self) -> None:
        """Delete what is not in force. Raises ``ProvisionError``."""
        try:
            self._drop()
        except OSError as error:
            raise _cannot_write(error) from error

    def hand_out_release_keys(self) -> None:
        """Copy the sealed keys to where the releasers' units read them, if there are any.

        Raises ``ProvisionError``.
        """
        try:
            for sealed in sorted((self.site / SEALED).glob("*")):
                data = read_regular(sealed, _LIMIT)
                copy = self.release_keys / sealed.name
                if not copy.exists() or read_regular(copy, _LIMIT) != data:
                    write_file(copy, data, 0o600)
        except OSError as error:
            raise _cannot_write(error) from error

    def is_logged(self) -> bool:
        """Whether the ledger has the event of what is in force."""
        return not (self.site / _UNLOGGED).exists()

    def was_logged(self) -> None:
        """The ledger has the event. Raises ``ProvisionError``."""
        try:
            (self.site / _UNLOGGED).unlink(missing_ok=True)
            sync_folder(self.site)
        except OSError as error:
            raise _cannot_write(error) from error

    def _fill(self, record: Record, files: Mapping[str, SiteFile]) -> None:
        self.next.chmod(0o755)
        for folder, mode in ((people.FOLDER, 0o755), (SEALED, 0o700)):
            (self.next / folder).mkdir(mode=mode)
            (self.next / folder).chmod(mode)
        for name, file in files.items():
            self._write(self.next / name, file)
        for name, target in people.links(record.user_ids).items():
            (self.next / people.FOLDER / name).symlink_to(target)
        self._write(self.next / _UNLOGGED, SiteFile(b"", 0o600))
        for folder in (people.FOLDER, SEALED, "."):
            sync_folder(self.next / folder)
        # Last: with it the folder is whole.
        self._write(self.next / RECORD, SiteFile(record.encoded(), 0o644))
        sync_folder(self.next)
        sync_folder(self.next.parent)

    def _write(self, path: Path, file: SiteFile) -> None:
        """Owner and mode before the content: no other user can open it in between."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(path, flags, 0o600)
        try:
            if file.broker:
                os.fchown(descriptor, -1, self.broker)
            os.fchmod(descriptor, file.mode)
            rest = memoryview(file.data)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _drop(self) -> None:
        # The record goes first: what is half deleted is not whole.
        (self.next / RECORD).unlink(missing_ok=True)
        if self.next.exists():
            sync_folder(self.next)
            shutil.rmtree(self.next)
            sync_folder(self.next.parent)


def digests(files: Mapping[str, SiteFile]) -> dict[str, str]:
    """The SHA-256 of each file, by its path."""
    return {name: hashlib.sha256(file.data).hexdigest() for name, file in files.items()}


def _cannot_write(error: OSError) -> ProvisionError:
    reason = reason_of(error)
    return ProvisionError(f"The site's files cannot be written: {reason.why}.", reason.hint)
