"""Which image runs, and where its disk is: asked of the kernel and of files of the image itself."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import msgspec

from appliance.errors import InputError
from appliance.files.read import read_regular
from appliance.signatures.minisign import TEXT_LIMIT, PublicKey, SignatureError
from appliance.updating.bundle import Version
from appliance.updating.disk import Disk
from appliance.updating.gpt import ESP, ROOT, VERITY, Partition, Table
from appliance.updating.problem import RefusedUpdateError

_MOST_TEXT = 1 << 16  # bytes of each of these files
_NEVER = ("dm-", "loop", "ram", "sr", "zram")  # no disk that holds the image


@dataclass(frozen=True, slots=True)
class Locations:
    """Where the kernel and the image say these things; ``root`` is ``/`` except in tests."""

    root: Path = Path("/")

    @property
    def kernel_line(self) -> Path:
        """The running kernel's line."""
        return self.root / "proc/cmdline"

    @property
    def image(self) -> Path:
        """Version and number of the running image."""
        return self.root / "usr/lib/appliance/image.json"

    @property
    def release(self) -> Path:
        """Which kind of image this is."""
        return self.root / "usr/lib/os-release"

    @property
    def keys(self) -> Path:
        """The public keys that may sign updates, one a line."""
        return self.root / "usr/share/appliance/keys/update.pub"

    @property
    def drive(self) -> Path:
        """The drive for discs."""
        return self.root / "dev/sr0"

    def disks(self) -> list[Path]:
        """Every disk of the machine."""
        names = sorted(path.name for path in (self.root / "sys/block").iterdir())
        return [
            self.root / "dev" / name.replace("!", "/")
            for name in names
            if not name.startswith(_NEVER)
        ]


class _ImageFile(msgspec.Struct, frozen=True):
    """``image.json``: ``number`` only ever rises."""

    version: Version
    number: Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]


@dataclass(frozen=True, slots=True)
class Running:
    """The running image. ``root_hash``: hex, of the verity tree that the kernel checks it by."""

    image: str
    version: str
    number: int
    root_hash: str

    @classmethod
    def read(cls, at: Locations) -> Running:
        """Ask the kernel and the image. Raises ``InputError`` if this is no image of ours."""
        try:
            words = read_regular(at.kernel_line, _MOST_TEXT).decode().split()
            file = msgspec.json.decode(read_regular(at.image, _MOST_TEXT), type=_ImageFile)
            lines = read_regular(at.release, _MOST_TEXT).decode().splitlines()
        except (OSError, ValueError) as error:
            raise _no_image() from error
        release = dict(line.split("=", 1) for line in lines if "=" in line)
        hashes = [word.partition("=")[2] for word in words if word.startswith("roothash=")]
        if len(hashes) != 1 or len(hashes[0]) != 64 or "IMAGE_ID" not in release:
            raise _no_image()
        name = release["IMAGE_ID"].strip('"')
        return cls(name, file.version, file.number, hashes[0].lower())


@dataclass(frozen=True, slots=True)
class ImageSlot:
    """A root file system and its verity tree."""

    root: Partition
    verity: Partition

    def holds(self, root_hash: str) -> bool:
        """Whether the table says that it holds the image of ``root_hash``."""
        return (self.root.id, self.verity.id) == partition_ids(root_hash)


@dataclass(frozen=True, slots=True)
class Place:
    """The disk of the running image: its table, the slot that is not running, the boot files."""

    path: Path
    table: Table
    other: ImageSlot
    boot: Partition


PAIRS: Final = 2
"""Slots of a disk."""


def partition_ids(root_hash: str) -> tuple[uuid.UUID, uuid.UUID]:
    """The ids of the root and the verity partition of ``root_hash`` (hex).

    Its first and its last 128 bits: Discoverable Partitions Specification, "root hash".
    """
    raw = bytes.fromhex(root_hash)
    return uuid.UUID(bytes=raw[:16]), uuid.UUID(bytes=raw[-16:])


def find_place(at: Locations, running: Running) -> Place:
    """The one disk that holds the running image. Raises ``RefusedUpdateError`` if that is unclear.

    Two such disks are one too many: a copy of the disk may be plugged in, and be the one that runs.
    """
    places = [place for path in at.disks() if (place := _place(path, running)) is not None]
    if len(places) != 1:
        raise RefusedUpdateError("disk")
    return places[0]


def trusted_keys(at: Locations) -> list[PublicKey]:
    """The keys that may sign updates. Raises ``RefusedUpdateError`` if there are none."""
    try:
        lines = read_regular(at.keys, 16 * TEXT_LIMIT).decode().splitlines()
        keys = [PublicKey.parse(line) for line in lines if line and ":" not in line]
    except (OSError, ValueError, SignatureError) as error:
        raise RefusedUpdateError("signature") from error
    if not keys:
        raise RefusedUpdateError("signature")
    return keys


def _place(path: Path, running: Running) -> Place | None:
    try:
        with Disk.open(path, writable=False) as disk:
            table = Table.read(disk)
    except (OSError, RefusedUpdateError):
        return None  # no medium, or no table: another disk
    partitions = table.partitions
    roots = [one for one in partitions if one.kind == ROOT]
    trees = [one for one in partitions if one.kind == VERITY]
    boots = [one for one in partitions if one.kind == ESP]
    if len(roots) != PAIRS or len(trees) != PAIRS or len(boots) != 1:
        return None
    slots = [ImageSlot(root, tree) for root, tree in zip(roots, trees, strict=True)]
    others = [slot for slot in slots if not slot.holds(running.root_hash)]
    if len(others) != 1:
        return None
    return Place(path, table, others[0], boots[0])


def _no_image() -> InputError:
    return InputError(
        "This machine does not run an image of the appliance.",
        "Updates are applied by the appliance itself; `appliance update check` works everywhere.",
    )
