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
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, NamedTuple

from appliance.errors import SessionError
from appliance.keeper.protocol import UNKNOWN_KEY, Erased
from appliance.keeper.secret import LockedMemory
from appliance.keeper.tools import run
from appliance.machine import RUN

KEY_SIZE = 64  # bytes: two AES-256 keys of XTS
BLOCK = 4096  # bytes of the file system, the encryption and the discard
CANARIES = 4  # blocks at the end of the volume

# LUKS2 with 16 KiB of metadata, twice, and one key slot: 64 bytes in 4,000 stripes, see
# cryptsetup(8).
_METADATA, _KEYSLOTS = 16 << 10, 512 << 10
_HEADER = 2 * _METADATA + _KEYSLOTS
_SECTOR = 512  # bytes; the unit of device-mapper tables


class Owner(NamedTuple):
    """User and group id of the worker."""

    user: int
    group: int


class Canary(NamedTuple):
    """A block of random bytes at ``offset`` of the volume, and its ciphertext on the backing.

    It lies behind the end of the file system, which ends ``CANARIES`` blocks before the volume
    does: a worker has no name for it, and cannot read, overwrite or free it.
    """

    plain: bytes
    offset: int
    cipher: bytes


class Volume:
    """Storage of one session. As it stands, it has no mapping, key, blocks or canaries."""

    method: ClassVar[Erased]
    key_id: str = UNKNOWN_KEY

    def make(self, owner: Owner) -> None:
        """Make it and describe it for the unit that mounts it; raises ``SessionError``."""
        raise NotImplementedError

    def close(self) -> None:
        """Remove its mappings from the kernel; raises ``SessionError`` if it is in use."""

    def drop(self) -> None:
        """Overwrite and release key and header. Cannot fail; may be repeated."""

    def discard(self) -> None:
        """Discard the blocks; raises ``SessionError`` where the device cannot."""

    def present(self) -> int:
        """How many canaries the volume gave back when it was last looked at while open.

        Raises ``OSError`` if it cannot be read.
        """
        return 0

    def found(self) -> int:
        """How many canaries are still readable on the backing; needs the volume closed.

        Raises ``OSError`` if it cannot be read.
        """
        return 0


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
        """Create the sparse file, if it is one."""
        if self.device:
            return
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path.touch(mode=0o600, exist_ok=False)
        os.truncate(self.path, self.size)

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
        return _block(self.path, self.start + offset, direct=self.device)


@dataclass
class LuksVolume(Volume):
    """See the head of this module. ``inodes``: how many files it can hold.

    ``discards``: whether the blocks of a device are discarded at the end. The key is dropped, and a
    sparse file deleted, in any case.
    """

    method: ClassVar[Erased] = "luks-header-dropped"

    slot: str
    backing: Backing
    inodes: int
    discards: bool = True
    canaries: tuple[Canary, ...] = ()
    _present: int = 0
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
        self._format(owner)
        self._plant()
        # noinit_itable: the kernel need not write empty inodes in the background.
        describe(self.slot, "ext4", "nosuid,nodev,noexec,noatime,noinit_itable", str(self.mapper))

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

    def present(self) -> int:
        """Canaries that the mapping decrypts, and whose ciphertext is on the backing."""
        if self.mapper.exists():
            self._present = sum(
                _block(self.mapper, canary.offset, direct=True) == canary.plain
                and self.backing.read(canary.offset) == canary.cipher
                for canary in self.canaries
            )
        return self._present

    def found(self) -> int:
        """Canaries in plain text on the backing, or whose ciphertext outlived the discard."""
        return sum(
            (block := self.backing.read(canary.offset)) == canary.plain
            or (self.discards and block == canary.cipher)
            for canary in self.canaries
        )

    def _format(self, owner: Owner) -> None:
        """Make a file system for ``owner``; it ends where the canaries begin."""
        run(
            *("mke2fs", "-q", "-t", "ext4", "-b", str(BLOCK), "-N", str(self.inodes)),
            # A file system that never survives a crash needs no journal, and no reserve.
            *("-O", "^has_journal", "-m", "0"),
            # The worker's group writes, and cannot rename what is not its own: the outbox.
            *("-E", f"nodiscard,root_perms=1770,root_owner=0:{owner.group}"),
            *(str(self.mapper), str(self.backing.size // BLOCK - CANARIES)),
        )

    def _plant(self) -> None:
        """Write the canaries; raises ``SessionError`` if they are not there, or not encrypted."""
        texts = [secrets.token_bytes(BLOCK) for _ in range(CANARIES)]
        places = range(self.backing.size - CANARIES * BLOCK, self.backing.size, BLOCK)
        with self.mapper.open("r+b", buffering=0) as opened:
            os.pwrite(opened.fileno(), b"".join(texts), places[0])
            os.fsync(opened.fileno())
        self.canaries = tuple(
            Canary(text, at, self.backing.read(at)) for text, at in zip(texts, places, strict=True)
        )
        plain = any(canary.cipher in (canary.plain, bytes(BLOCK)) for canary in self.canaries)
        if plain or self.present() != CANARIES:
            raise SessionError("The workspace is not encrypted.", "Check the kernel's dm-crypt.")

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
class MemoryVolume(Volume):
    """A tmpfs that is never swapped out. It ends with its mount, and has no key.

    It has no canaries, since nothing could look for them afterwards.
    """

    method: ClassVar[Erased] = "memory-dropped"

    slot: str
    size: int
    inodes: int

    def make(self, owner: Owner) -> None:
        """Describe it for the unit that mounts it."""
        self.key_id = hashlib.sha256(secrets.token_bytes(16)).hexdigest()
        options = (
            f"nosuid,nodev,noexec,noswap,size={self.size},nr_inodes={self.inodes},mode=1770,"
            f"uid=0,gid={owner.group}"
        )
        describe(self.slot, "tmpfs", options, "workspace")


def _block(path: Path, offset: int, *, direct: bool) -> bytes:
    """The block at ``offset`` of a file or device; empty if there is none of that name."""
    try:
        raw = os.open(path, os.O_RDONLY | os.O_CLOEXEC | (os.O_DIRECT if direct else 0))
    except FileNotFoundError:
        return b""
    with os.fdopen(raw, "rb", buffering=0) as file, mmap.mmap(-1, BLOCK) as aligned:
        return aligned[: os.preadv(file.fileno(), [aligned], offset)]


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
