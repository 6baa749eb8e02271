"""Where a training machine lives: one folder, in memory, that nobody else can enter."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import SessionError

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it, by mkdtemp
_PREFIX = "face-appliance-training-"
_PATIENCE = 10.0  # seconds that processes which are ending may still make files
_MOUNTS = Path("/proc/self/mountinfo")


@dataclass(frozen=True, slots=True)
class Place:
    """The sockets, files and workspaces of one machine, in ``folder``."""

    folder: Path

    @property
    def broker(self) -> Path:
        """The socket of the broker."""
        return self.folder / "session.sock"

    @property
    def disc(self) -> Path:
        """The socket of what reads discs, or stands in for it."""
        return self.folder / "disc.sock"

    @property
    def training(self) -> Path:
        """The socket by which tokens are plugged in and touched."""
        return self.folder / "training.sock"

    @property
    def audit(self) -> Path:
        """The socket of the audit daemon."""
        return self.folder / "audit.sock"

    @property
    def keepers(self) -> Path:
        """The folder of the keepers' sockets, one for each slot."""
        return self.folder / "keeper"

    @property
    def workers(self) -> Path:
        """The folder of the workers' sockets."""
        return self.folder / "worker"

    @property
    def releasers(self) -> Path:
        """The folder of the releasers' sockets; training has no releasers."""
        return self.folder / "releaser"

    @property
    def auditor(self) -> Path:
        """The socket of what shows the ledger."""
        return self.folder / "auditor.sock"

    @property
    def stage(self) -> Path:
        """The folder in which an auditor's discs are put together."""
        return self.folder / "stage"

    @property
    def status(self) -> Path:
        """The file of the doctor, who does not visit a training machine."""
        return self.folder / "doctor" / "status.json"

    @property
    def workspaces(self) -> Path:
        """The folder of the sessions' workspaces."""
        return self.folder / "workspace"

    @property
    def journal(self) -> Path:
        """The broker's journal of sessions that are not wiped yet."""
        return self.folder / "open"

    @property
    def registered(self) -> Path:
        """The file of registered tokens."""
        return self.folder / "tokens"

    @property
    def roles(self) -> Path:
        """The file of roles."""
        return self.folder / "roles"

    @property
    def plugged(self) -> Path:
        """The folder that tokens are plugged in to."""
        return self.folder / "plugged"

    @property
    def packs(self) -> Path:
        """The folder of further model packs; a training machine has none."""
        return self.folder / "packs"

    def folders(self) -> list[Path]:
        """The folders that have to exist."""
        own = [self.keepers, self.workers, self.releasers, self.workspaces, self.plugged]
        return [*own, self.stage, self.status.parent]


@contextmanager
def own_place(parent: Path = MEMORY) -> Iterator[Place]:
    """A new place in ``parent``, which must be in memory; at the end nothing of it is left.

    What machines that were killed have left there is removed first. Raises ``SessionError``.
    """
    if not _is_in_memory(parent):
        raise SessionError(
            "There is no file system in memory here.", f"Mount a tmpfs at {MEMORY}, then try again."
        )
    remove_left(parent)
    try:
        folder, lock = _new(parent)
        try:
            place = Place(folder)
            for one in place.folders():
                one.mkdir(mode=0o700)
            yield place
        finally:
            os.close(lock)
            remove(folder)
    except OSError as error:
        raise SessionError(
            "The folder of training cannot be used.", "Free some memory, then try again."
        ) from error


def remove_left(parent: Path = MEMORY) -> int:
    """Remove the places of machines that were killed; how many there were.

    Raises ``SessionError`` if one cannot be removed.
    """
    left = 0
    for folder in sorted(parent.glob(f"{_PREFIX}*")):
        with suppress(OSError):  # another user's, in use, or removed meanwhile
            lock = _locked(folder, wait=False)
            try:
                if os.fstat(lock).st_uid == os.geteuid():
                    remove(folder)
                    left += 1
            finally:
                os.close(lock)
    return left


def _new(parent: Path) -> tuple[Path, int]:
    """A new folder, and a lock that says that its machine runs; it ends with this process."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        lock = _locked(folder)
        if folder.exists():
            return folder, lock
        os.close(lock)  # another machine took it for one that was left, before it was locked


def _locked(folder: Path, *, wait: bool = True) -> int:
    """A descriptor of ``folder`` that locks it. Raises ``OSError``."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def remove(folder: Path) -> None:
    """Remove ``folder``, and look whether it is gone. Raises ``SessionError`` if it is not."""
    until = time.monotonic() + _PATIENCE
    while folder.exists():
        shutil.rmtree(folder, ignore_errors=True)
        if time.monotonic() > until:
            raise SessionError(
                "A folder of training could not be removed.",
                "End the processes that use it, then start training again.",
            )
        if folder.exists():
            time.sleep(0.02)


def _is_in_memory(folder: Path) -> bool:
    """Whether ``folder`` is on a tmpfs, as the kernel lists its mounts (proc(5))."""
    try:
        status = folder.stat()
        lines = _MOUNTS.read_text().splitlines()
    except OSError:
        return False
    device = f"{os.major(status.st_dev)}:{os.minor(status.st_dev)}"
    kinds = {line.partition(" - ")[2].split()[0] for line in lines if line.split()[2] == device}
    return stat.S_ISDIR(status.st_mode) and "tmpfs" in kinds
