"""The workspace of one session: storage that nothing can read once its key is dropped.

``LuksVolume``: LUKS2, aes-xts-plain64, with a detached header. Neither the key nor the header is
ever on a disk: both are in locked memory of this process. cryptsetup reads the key from a pipe and
the header through an inherited descriptor. The backing is a block device or a sparse file.

``MemoryVolume``, for hosts without device-mapper: a tmpfs that the kernel may not swap out.

Each volume belongs to a slot (``w0`` …), after which its mapping, folder and user are named.
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
_CANARIES = ".canaries"  # the name of the file that holds them

# LUKS2 with 16 KiB of metadata, twice, and one key slot: 64 bytes in 4,000 stripes, see
# cryptsetup(8).
_METADATA, _KEYSLOTS = 16 << 10, 512 << 10
_HEADER = 2 * _METADATA + _KEYSLOTS
_SECTOR = 512  # bytes; the unit of device-mapper tables


@dataclass(frozen=True, slots=True)
class Owner:
    """User and group id of the worker."""

    user: int
    group: int


@dataclass(frozen=True, slots=True)
class Canary:
    """A block of random bytes in the workspace, and its ciphertext at ``offset`` of the backing."""

    plain: bytes
    offset: int
    cipher: bytes


class Volume(Protocol):
    """Storage of one session."""

    method: ClassVar[Erased]
    key_id: str
    canaries: tuple[Canary, ...]

    def make(self, owner: Owner) -> None:
        """Make it and describe it for the unit that mounts it; raises ``SessionError``."""
        ...

    def close(self) -> None:
        """Remove its mappings from the kernel; raises ``SessionError`` if it is in use."""
        ...

    def drop(self) -> None:
        """Overwrite and release key and header. Cannot fail; may be repeated."""
        ...

    def discard(self) -> None:
        """Discard the blocks; raises ``SessionError`` where the device cannot."""
        ...

    def found(self) -> int:
        """How many canaries are still readable on the backing; needs the volume closed."""
        ...


@dataclass(frozen=True, slots=True)
class Backing:
    """Where the encrypted bytes are: a sparse file, or ``size`` bytes of a device from ``start``.

    ``start`` is in bytes, a whole number of MiB.
    """

    path: Path
    size: int
    start: int = 0
    device: bool = False

    def make(self) -> None:
        """Create the sparse file, if it is one; raises ``SessionError`` if that fails."""
        if self.device:
            return
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
            descriptor = os.open(self.path, flags, 0o600)
        except OSError as error:
            raise SessionError(
                f"The file of the workspace cannot be created ({os.strerror(error.errno or 0)}).",
                "Free space on the disk of the appliance, then try again.",
            ) from error
        try:
            os.ftruncate(descriptor, self.size)
        finally:
            os.close(descriptor)

    def discard(self) -> None:
        """Discard the blocks, or delete the file; raises ``SessionError`` if it cannot."""
        if self.device:
            segment = ("--offset", str(self.start), "--length", str(self.size))
            run("blkdiscard", "--force", *segment, str(self.path))
        else:
            self.path.unlink(missing_ok=True)

    def read(self, offset: int) -> bytes:
        """The block at ``offset``; empty if the file is gone."""
        # Not through the page cache: it may hold what udev read before a mapping wrote below it.
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
    """See the head of this module. ``inodes``: how many files it can hold.

    ``discards``: whether the blocks of a device are discarded at the end. The key is dropped, and a
    sparse file deleted, in any case.
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
        """The decrypted device."""
        return Path("/dev/mapper") / mapper_name(self.slot)

    def make(self, owner: Owner) -> None:
        """Format, open and fill it, and describe it for the unit that mounts it.

        Raises ``SessionError`` if a step fails, or the volume turns out not to be encrypted.
        """
        self.backing.make()
        place = self.backing.path
        if self.backing.device:
            # cryptsetup locks a whole device, and this one is shared: give it a mapped segment.
            size, start = self.backing.size // _SECTOR, self.backing.start // _SECTOR
            table = f"0 {size} linear {place} {start}"
            run("dmsetup", "create", segment_name(self.slot), "--table", table)
            place = Path("/dev/mapper") / segment_name(self.slot)
        self._key, self._header = LockedMemory.random(KEY_SIZE), LockedMemory(_HEADER)
        self._cryptsetup(
            *("luksFormat", "--batch-mode", "--type", "luks2", "--cipher", "aes-xts-plain64"),
            *("--key-size", str(KEY_SIZE * 8), "--sector-size", str(BLOCK)),
            # The passphrase is 512 random bits: key stretching would add nothing.
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
        # noinit_itable: the kernel need not write empty inodes in the background.
        options = "nosuid,nodev,noexec,noatime,noinit_itable"
        describe(self.slot, "ext4", options, str(self.mapper))

    def close(self) -> None:
        """Remove the mappings; the loop device of a sparse file goes with them.

        One that is still in use loses its table, and with it the kernel's copy of the key. Raises
        ``SessionError`` if even that fails.
        """
        for name in mapped(self.slot):
            try:
                run("dmsetup", "remove", "--noudevsync", name)
            except SessionError:
                run("dmsetup", "remove", "--force", "--retry", name)

    def drop(self) -> None:
        """Overwrite key and header: what the backing holds is unreadable from here on."""
        for memory in (self._key, self._header):
            if memory is not None:
                memory.wipe()

    def discard(self) -> None:
        """Discard the blocks if the policy asks for it; raises ``SessionError`` if that fails."""
        if self.discards or not self.backing.device:
            self.backing.discard()

    def found(self) -> int:
        """Canaries in plain text on the backing, or whose ciphertext outlived the discard."""
        found = 0
        for canary in self.canaries:
            block = self.backing.read(canary.offset)
            found += block == canary.plain or (self.discards and block == canary.cipher)
        return found

    def _fill(self, owner: Owner) -> bytes:
        """Make a file system that ``owner`` owns, with one file that holds the canaries.

        Returns its content: the canaries, one block each.
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
        # -c: without reading the allocation bitmaps, which take long and are not needed.
        listed = run("debugfs", "-c", "-R", f"blocks /{_CANARIES}", str(self.mapper))
        texts = [plain[at : at + BLOCK] for at in range(0, len(plain), BLOCK)]
        blocks = [int(block) for block in listed.split()]
        with self.mapper.open("rb", buffering=0) as opened:
            found = [os.pread(opened.fileno(), BLOCK, block * BLOCK) for block in blocks]
        if found != texts:
            raise SessionError("The new workspace does not hold what was written.", "Try again.")
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
            raise SessionError("The key of this workspace was dropped.", "Open a new session.")
        reader, writer = os.pipe2(os.O_CLOEXEC)
        try:
            self._key.write_to(writer)
            os.close(writer)
            header = self._header.descriptor
            run(
                *("cryptsetup", action, "--key-file", "-"),
                *("--header", f"/proc/self/fd/{header}", *arguments),
                key=reader,
                pass_fds=(header,),
            )
        finally:
            os.close(reader)


@dataclass
class MemoryVolume:
    """A tmpfs that is never swapped out. It ends with its mount and has no key."""

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
        """Nothing to do: it ended with its mount."""

    def drop(self) -> None:
        """Nothing to do: there is no key."""

    def discard(self) -> None:
        """Nothing to do: the kernel has freed its pages."""

    def found(self) -> int:
        """Always 0: memory that is not mapped cannot be searched."""
        return 0


def mapper_name(slot: str) -> str:
    """The name of the slot's volume under /dev/mapper."""
    return f"appliance-{slot}"


def segment_name(slot: str) -> str:
    """The name of the slot's segment of a shared device, in the same folder."""
    return f"{mapper_name(slot)}-segment"


def mapped(slot: str) -> list[str]:
    """The mappings that the kernel has for this slot, even without a node, the uppermost first."""
    listed = {line.split()[0] for line in run("dmsetup", "ls").splitlines() if line}
    return [name for name in (mapper_name(slot), segment_name(slot)) if name in listed]


def describe(slot: str, kind: str, options: str, source: str) -> None:
    """Write the environment file from which ``appliance-workspace@.service`` mounts it."""
    text = f"TYPE={kind}\nOPTIONS={options}\nSOURCE={source}\n"
    (RUN / f"{slot}.mount").write_text(text)
