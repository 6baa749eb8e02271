"""The workspace of one session: storage that nothing can read once its key is dropped.

``LuksVolume``: LUKS2, aes-xts-plain64, with a detached header. Neither the key nor the header is
ever on a disk: both are in locked memory of this process, and cryptsetup reads the one from a
pipe, the other through an inherited descriptor. The backing is a block device or a sparse file.

``MemoryVolume``: for hosts without device-mapper: a tmpfs that the kernel may not swap out.

A volume is made in a slot (``w0`` …), which names its mapper, its folder and its user.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import secrets
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Protocol

from appliance.errors import SessionError
from appliance.keeper.protocol import UNKNOWN_KEY, Erased
from appliance.keeper.secret import LockedMemory
from appliance.keeper.tools import run
from appliance.machine import RUN

KEY_SIZE = 64  # bytes: two AES-256 keys of XTS
BLOCK = 4096  # bytes of the file system, the encryption and the discard
CANARIES = 4
_CANARIES = ".canaries"  # the file that holds them

# LUKS2 of 16 KiB metadata, twice, and one key slot: 64 bytes in 4,000 stripes (cryptsetup(8)).
_METADATA, _KEYSLOTS = 16 << 10, 512 << 10
_HEADER = 2 * _METADATA + _KEYSLOTS
_SECTOR = 512  # bytes; what cryptsetup counts offsets in


@dataclass(frozen=True, slots=True)
class Owner:
    """The user of the worker."""

    user: int
    group: int


@dataclass(frozen=True, slots=True)
class Canary:
    """Random bytes planted in the workspace, and what lay in their place on the raw storage."""

    plain: bytes
    offset: int
    cipher: bytes


class Volume(Protocol):
    """Storage of one session."""

    method: ClassVar[Erased]
    key_id: str
    canaries: tuple[Canary, ...]

    def make(self, owner: Owner) -> None:
        """Make it and let the unit of the slot mount it; raises ``SessionError``."""
        ...

    def close(self) -> None:
        """Take it from the kernel; raises ``SessionError`` if it is in use."""
        ...

    def drop(self) -> None:
        """Overwrite and drop key and header. Cannot fail; harmless to repeat."""
        ...

    def discard(self) -> None:
        """Give the blocks back, whatever they hold."""
        ...

    def found(self) -> int:
        """How many of the canaries can still be read; needs the volume closed."""
        ...


@dataclass(frozen=True, slots=True)
class Backing:
    """Where the encrypted bytes lie: a sparse file, or ``size`` bytes of a device from ``start``.

    ``start`` is a whole number of MiB.
    """

    path: Path
    size: int
    start: int = 0
    device: bool = False

    def make(self) -> None:
        """Make the file; a device is there. Raises ``SessionError``."""
        if self.device:
            return
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
            descriptor = os.open(self.path, flags, 0o600)
        except OSError as error:
            raise SessionError(
                f"The file of the workspace cannot be made ({os.strerror(error.errno or 0)}).",
                "Free space on the disk of the appliance, then try again.",
            ) from error
        try:
            os.ftruncate(descriptor, self.size)
        finally:
            os.close(descriptor)

    def discard(self) -> None:
        """Give the blocks back; raises ``SessionError`` where the device cannot."""
        if self.device:
            stretch = ("--offset", str(self.start), "--length", str(self.size))
            run("blkdiscard", "--force", *stretch, str(self.path))
        else:
            self.path.unlink(missing_ok=True)

    def read(self, offset: int) -> bytes:
        """One block; nothing if the file is gone."""
        # What udev has read of a device stays in memory, past what a mapping writes below.
        direct = os.O_DIRECT if self.device else 0
        try:
            raw = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | direct)
        except FileNotFoundError:
            return b""
        try:
            with mmap.mmap(-1, BLOCK) as aligned:
                return aligned[: os.preadv(raw, [aligned], self.start + offset)]
        finally:
            os.close(raw)


@dataclass
class LuksVolume:
    """See the head of this module. ``inodes`` is the most files it may hold.

    ``discards``: whether the blocks are given back at the end; the key is dropped in any case. A
    sparse file always goes.
    """

    method: ClassVar[Erased] = "luks-header-dropped"

    slot: str
    backing: Backing
    inodes: int
    discards: bool = True
    key_id: str = UNKNOWN_KEY
    canaries: tuple[Canary, ...] = ()
    _key: LockedMemory | None = field(default=None, repr=False)
    _header: LockedMemory | None = field(default=None, repr=False)

    @property
    def mapper(self) -> Path:
        """The opened device."""
        return Path("/dev/mapper") / mapper_name(self.slot)

    def make(self, owner: Owner) -> None:
        """Format, open, fill and describe it for the unit that mounts it."""
        self.backing.make()
        place = self.backing.path
        if self.backing.device:
            # cryptsetup wants a device for itself, and this one is others' too: map the stretch.
            size, start = self.backing.size // _SECTOR, self.backing.start // _SECTOR
            table = f"0 {size} linear {place} {start}"
            run("dmsetup", "create", segment_name(self.slot), "--table", table)
            place = Path("/dev/mapper") / segment_name(self.slot)
        self._key, self._header = LockedMemory.random(KEY_SIZE), LockedMemory(_HEADER)
        self._cryptsetup(
            *("luksFormat", "--batch-mode", "--type", "luks2", "--cipher", "aes-xts-plain64"),
            *("--key-size", str(KEY_SIZE * 8), "--sector-size", str(BLOCK)),
            # The passphrase is 512 random bits: stretching it would protect nothing.
            *("--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000"),
            *("--luks2-metadata-size", str(_METADATA), "--luks2-keyslots-size", str(_KEYSLOTS)),
            *("--offset", "0", str(place)),
        )
        self.key_id = hashlib.sha256(secrets.token_bytes(16)).hexdigest()
        self._cryptsetup(
            *("open", "--allow-discards", "--device-size", str(self.backing.size)),
            *(str(place), mapper_name(self.slot)),
        )
        self.canaries = self._locate(self._fill(owner))
        # noinit_itable: nobody is served by a kernel that writes empty inodes to it meanwhile.
        options = "nosuid,nodev,noexec,noatime,noinit_itable"
        describe(self.slot, "ext4", options, str(self.mapper))

    def close(self) -> None:
        """Take the mappings away; the loop device of a sparse file goes with them.

        One that is still in use loses its table, and with it the kernel's copy of the key.
        """
        for name in mapped(self.slot):
            try:
                run("dmsetup", "remove", "--noudevsync", name)
            except SessionError:
                run("dmsetup", "remove", "--force", "--retry", name)

    def drop(self) -> None:
        """From here on nobody can read what the backing holds."""
        for memory in (self._key, self._header):
            if memory is not None:
                memory.wipe()

    def discard(self) -> None:
        """Tell the disk to forget the blocks."""
        if self.discards or not self.backing.device:
            self.backing.discard()

    def found(self) -> int:
        """Canaries in the open on the backing, or whose ciphertext outlived the discard."""
        found = 0
        for canary in self.canaries:
            block = self.backing.read(canary.offset)
            found += block == canary.plain or (self.discards and block == canary.cipher)
        return found

    def _fill(self, owner: Owner) -> bytes:
        """A file system that belongs to the worker and holds the canaries, each a block of a file.

        The canaries, one after the other.
        """
        plain = secrets.token_bytes(CANARIES * BLOCK)
        folder = Path(tempfile.mkdtemp(dir=RUN))
        try:
            (folder / _CANARIES).write_bytes(plain)
            run(
                *("mke2fs", "-q", "-t", "ext4", "-b", str(BLOCK), "-N", str(self.inodes)),
                # A file system that never survives a crash needs no journal, and no reserve.
                *("-O", "^has_journal", "-m", "0", "-d", str(folder)),
                *("-E", f"nodiscard,root_perms=700,root_owner={owner.user}:{owner.group}"),
                str(self.mapper),
            )
        finally:
            shutil.rmtree(folder)
        return plain

    def _locate(self, plain: bytes) -> tuple[Canary, ...]:
        # -c: without the maps of what is in use, which are long and not asked for.
        listed = run("debugfs", "-c", "-R", f"blocks /{_CANARIES}", str(self.mapper))
        texts = [plain[at : at + BLOCK] for at in range(0, len(plain), BLOCK)]
        blocks = [int(block) for block in listed.split()]
        with self.mapper.open("rb", buffering=0) as opened:
            found = [os.pread(opened.fileno(), BLOCK, block * BLOCK) for block in blocks]
        if found != texts:
            raise SessionError("The new workspace does not hold what was put in.", "Try again.")
        canaries = []
        for block, text in zip(blocks, texts, strict=True):
            cipher = self.backing.read(block * BLOCK)
            if cipher in (text, bytes(BLOCK)):
                raise SessionError(
                    "The new workspace is not encrypted.", "Check the kernel's dm-crypt."
                )
            canaries.append(Canary(text, block * BLOCK, cipher))
        return tuple(canaries)

    def _cryptsetup(self, action: str, *arguments: str) -> None:
        """Run it with the key on a pipe and the header as an inherited descriptor."""
        if self._key is None or self._header is None:
            raise SessionError("This workspace has no key any more.", "Open a new session.")
        reader, writer = os.pipe2(os.O_CLOEXEC)
        try:
            self._key.write_to(writer)
            os.close(writer)
            header = self._header.descriptor
            run(
                *("cryptsetup", action, "--key-file", "-"),
                *("--header", f"/proc/self/fd/{header}", *arguments),
                key=reader,
                keep=(header,),
            )
        finally:
            os.close(reader)


@dataclass
class MemoryVolume:
    """A tmpfs that is never swapped out. It ends with its mount; there is no key to drop."""

    method: ClassVar[Erased] = "memory-dropped"

    slot: str
    size: int
    inodes: int
    key_id: str = UNKNOWN_KEY
    canaries: tuple[Canary, ...] = ()

    def make(self, owner: Owner) -> None:
        """Describe it for the unit that mounts it."""
        self.key_id = hashlib.sha256(secrets.token_bytes(16)).hexdigest()
        options = (
            f"nosuid,nodev,noexec,noswap,size={self.size},nr_inodes={self.inodes},mode=700,"
            f"uid={owner.user},gid={owner.group}"
        )
        describe(self.slot, "tmpfs", options, "workspace")

    def close(self) -> None:
        """It went with its mount."""

    def drop(self) -> None:
        """There is no key."""

    def discard(self) -> None:
        """The kernel took its pages back."""

    def found(self) -> int:
        """Nothing can be looked for in memory that is not mapped."""
        return 0


def mapper_name(slot: str) -> str:
    """The name of the slot's volume under /dev/mapper."""
    return f"appliance-{slot}"


def segment_name(slot: str) -> str:
    """The name of the slot's stretch of a device, under the same folder."""
    return f"{mapper_name(slot)}-stretch"


def mapped(slot: str) -> list[str]:
    """What the kernel has mapped for this slot, even without a node, the uppermost first."""
    listed = {line.split()[0] for line in run("dmsetup", "ls").splitlines() if line}
    return [name for name in (mapper_name(slot), segment_name(slot)) if name in listed]


def describe(slot: str, kind: str, options: str, source: str) -> None:
    """Write what ``appliance-workspace@.service`` mounts."""
    text = f"TYPE={kind}\nOPTIONS={options}\nSOURCE={source}\n"
    (RUN / f"{slot}.mount").write_text(text)
