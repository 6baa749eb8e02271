"""A machine in a folder: a disk with two slots made by the real tools, and what the kernel says."""

from __future__ import annotations

import hashlib
import json
import random
import re
import subprocess
import uuid
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from appliance.audit.entries.events import AnyEvent
from appliance.signatures.minisign import SecretKey
from appliance.updating.disk import Disk
from appliance.updating.install import Outcome, Updater
from appliance.updating.make import Image, write_bundle
from appliance.updating.running import Locations, Place
from appliance.updating.source import from_file
from tests.updating.ukis import uki

SECTOR = 512
MIB = 1 << 20
ROOT = "4f68bce3-e8cd-4db1-96e7-fbcaf984b709"
VERITY = "2c7357ed-ebd2-46d9-aec1-23d437ec2bf5"
ESP = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
VAR = "4d21b016-b534-45c2-a9fb-5c16e091fd2d"
KEY = SecretKey(b"testkey1", b"\x11" * 32)
STRANGER = SecretKey(b"testkey2", b"\x22" * 32)
UKI_PADDING = 70_000
ROOT_MIB, VERITY_MIB, ESP_MIB = 1, 1, 40  # FAT32 has at least 65525 clusters


@dataclass(frozen=True)
class Built:
    """An image: its version, number, and files."""

    version: str
    number: int
    root_hash: str
    root: bytes = field(repr=False)
    verity: bytes = field(repr=False)
    uki: bytes = field(repr=False)

    @property
    def ids(self) -> tuple[str, str]:
        """The ids of its partitions."""
        raw = bytes.fromhex(self.root_hash)
        return str(uuid.UUID(bytes=raw[:16])), str(uuid.UUID(bytes=raw[16:]))


@cache
def built(version: str, number: int, size: int = 200_000) -> Built:
    """An image made by mkfs.erofs and veritysetup; always the same for the same arguments."""
    dice = random.Random(f"{version} {number}")  # noqa: S311 - made-up data
    with TemporaryDirectory() as folder:
        tree = Path(folder, "tree")
        tree.mkdir()
        (tree / "release").write_text(version)
        (tree / "data").write_bytes(dice.randbytes(size))
        root, verity = Path(folder, "root"), Path(folder, "verity")
        run("mkfs.erofs", "-T0", "-U", str(uuid.UUID(int=number)), str(root), str(tree))
        salt = hashlib.sha256(version.encode()).hexdigest()
        done = run(
            *("veritysetup", "format", str(root), str(verity)),
            *("--salt", salt, "--uuid", str(uuid.UUID(int=number))),
        )
        found = re.search(r"Root hash:\s+([0-9a-f]{64})", done)
        assert found is not None
        kernel = uki(version, found[1], padding=UKI_PADDING + 256 * number)
        return Built(version, number, found[1], root.read_bytes(), verity.read_bytes(), kernel)


def run(*command: str, check: bool = True) -> str:
    """What a program prints."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@dataclass(frozen=True)
class PartitionPlace:
    """Where a partition is, in bytes."""

    start: int
    size: int


@dataclass
class Number:
    """The number in the TPM."""

    value: int | None = None

    def read(self) -> int | None:
        """The number."""
        return self.value

    def raise_to(self, number: int) -> None:
        """Raise it."""
        self.value = max(number, self.value or 0)


@dataclass
class Machine:
    """``root``: the folder. ``events``: what was logged. ``number``: in its TPM."""

    root: Path
    running: Built
    places: list[PartitionPlace]
    number: Number = field(default_factory=Number)
    events: list[AnyEvent] = field(default_factory=list)
    said: list[tuple[str, int, int]] = field(default_factory=list)

    @property
    def disk(self) -> Path:
        """Its disk."""
        return self.root / "dev/vda"

    @property
    def at(self) -> Locations:
        """Where the kernel and the image say things."""
        return Locations(self.root)

    @property
    def esp(self) -> str:
        """Its boot partition, as mtools name it."""
        return f"{self.disk}@@{self.places[4].start}"

    def updater(self) -> Updater:
        """What installs an update here."""
        return Updater(
            self.at,
            self.number,
            self.events.append,
            lambda doing, done, total: self.said.append((doing, done, total)),
            self.open_disk,
        )

    def open_disk(self, place: Place) -> Disk:
        """Its disk, for writing."""
        return Disk.open(place.path, writable=True)

    def apply(self, bundle: Path) -> Outcome:
        """Install ``bundle``."""
        with from_file(bundle) as source:
            return self.updater().apply(source)

    def boots(self, image: Built) -> None:
        """Let the kernel and the image say that ``image`` runs."""
        self.running = image
        says(self.root, image)

    def listing(self) -> list[str]:
        """The images on the boot partition, by mtools."""
        return listing(self.esp)


def listing(esp: str) -> list[str]:
    """The names of the images on a boot partition, by mtools."""
    done = run("mdir", "-b", "-i", esp, "::/EFI/Linux", check=False)
    return sorted(line.rpartition("/")[2] for line in done.splitlines() if line.startswith("::"))


def says(root: Path, image: Built, name: str = "face-appliance") -> None:
    """Write what the kernel and the image say while ``image`` runs."""
    texts = {
        "proc/cmdline": f"quiet roothash={image.root_hash} lockdown=integrity\n",
        "usr/lib/appliance/image.json": json.dumps(
            {"version": image.version, "number": image.number}
        ),
        "usr/lib/os-release": f'ID=debian\nIMAGE_ID="{name}"\n',
        "usr/share/appliance/keys/update.pub": f"{KEY.public.line}\n",
    }
    for path, text in texts.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    for folder in ("sys/block/vda", "sys/block/sr0", "dev"):
        (root / folder).mkdir(parents=True, exist_ok=True)


def machine(root: Path, image: Built, name: str | None = None, cluster: int = 1) -> Machine:
    """A machine that runs ``image`` from its first slot; the second is empty.

    ``name``: of its kernel image on the boot partition. ``cluster``: sectors of one there.
    """
    says(root, image)
    blocks, size, places = _disk(image, name or f"face-appliance_{image.version}+3.efi", cluster)
    made = Machine(root, image, list(places))
    with made.disk.open("wb") as file:
        file.truncate(size)
        for at, block in blocks:
            file.seek(at)
            file.write(block)
    return made


@cache
def _disk(
    image: Built, name: str, cluster: int
) -> tuple[tuple[tuple[int, bytes], ...], int, tuple[PartitionPlace, ...]]:
    """The blocks of a disk that are not zero, its size, and where its partitions are."""
    with TemporaryDirectory() as folder:
        disk = Path(folder, "disk")
        sizes = [ROOT_MIB, VERITY_MIB, ROOT_MIB, VERITY_MIB, ESP_MIB * cluster, 1]
        with disk.open("wb") as file:
            file.truncate((sum(sizes) + 2) * MIB)
        places = _partitions(disk, image, sizes)
        put(disk, places[0].start, image.root)
        put(disk, places[1].start, image.verity)
        boot_partition(disk, places[4], image, name, cluster)
        data = disk.read_bytes()
    blocks = ((at, data[at : at + 4096]) for at in range(0, len(data), 4096))
    return tuple((at, block) for at, block in blocks if any(block)), len(data), tuple(places)


def _partitions(disk: Path, image: Built, sizes: list[int]) -> list[PartitionPlace]:
    """Write the table of partitions with ``sizes`` in MiB; returns where they are."""
    ids = (*image.ids, str(uuid.UUID(int=3)), str(uuid.UUID(int=4)))
    names = (f"root-{image.version}", f"verity-{image.version}", "_empty", "_empty")
    kinds = (ROOT, VERITY, ROOT, VERITY, ESP, VAR)
    lines = ["label: gpt", "label-id: 11111111-2222-4333-8444-555555555555"]
    places, start = [], MIB
    for number, (kind, size) in enumerate(zip(kinds, sizes, strict=True)):
        line = f"start={start // SECTOR}, size={size * MIB // SECTOR}, type={kind}"
        if number < len(ids):
            line += f", uuid={ids[number]}, name={names[number]}"
        else:
            line += f", uuid={uuid.UUID(int=10 + number)}, name={'esp' if number == 4 else 'var'}"
        lines.append(line)
        places.append(PartitionPlace(start, size * MIB))
        start += size * MIB
    subprocess.run(
        ["sfdisk", "--quiet", str(disk)],  # noqa: S607
        input="\n".join(lines),
        text=True,
        check=True,
        capture_output=True,
    )
    return places


def boot_partition(
    disk: Path, place: PartitionPlace, image: Built, name: str, cluster: int
) -> None:
    """Make the boot partition at ``place`` with the kernel image of ``image`` under ``name``."""
    with TemporaryDirectory() as folder:
        esp, kernel, loader = Path(folder, "esp"), Path(folder, "kernel"), Path(folder, "loader")
        with esp.open("wb") as file:
            file.truncate(place.size)
        kernel.write_bytes(image.uki)
        loader.write_bytes(b"loader" * 999)
        run("mkfs.vfat", "-F", "32", "-s", str(cluster), "-i", "12345678", "-n", "ESP", str(esp))
        for path in ("EFI", "EFI/BOOT", "EFI/Linux", "loader"):
            run("mmd", "-i", str(esp), f"::/{path}")
        run("mcopy", "-i", str(esp), str(loader), "::/EFI/BOOT/BOOTX64.EFI")
        run("mcopy", "-i", str(esp), str(loader), "::/loader/loader.conf")
        run("mcopy", "-i", str(esp), str(kernel), f"::/EFI/Linux/{name}")
        put(disk, place.start, esp.read_bytes())


def put(disk: Path, at: int, data: bytes) -> None:
    """Write ``data`` at ``at``, and leave holes where it is zero."""
    with disk.open("r+b") as file:
        for offset in range(0, len(data), 4096):
            block = data[offset : offset + 4096]
            if any(block):
                file.seek(at + offset)
                file.write(block)


def bundle(folder: Path, image: Built, /, key: SecretKey = KEY, **changes: object) -> Path:
    """A bundle of ``image``, signed by ``key``; ``changes``: of its header."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("root", "verity", "uki"):
        (folder / name).write_bytes(getattr(image, name))
    path = folder / f"{image.version}-{image.number}.bundle"
    facts = Image(
        **{
            "image": "face-appliance",
            "version": image.version,
            "number": image.number,
            "root_hash": image.root_hash,
            **changes,
        }  # type: ignore[arg-type]
    )
    files = (folder / "root", folder / "verity", folder / "uki")
    write_bundle(path, facts, files, key, overwrite=True)
    return path
