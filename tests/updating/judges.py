"""What a machine would start from a disk, by programs of others: sfdisk, mtools, veritysetup.

``sfdisk`` reads the copy of the table at the end of a disk where the first one is damaged, as
firmware does (UEFI Specification 2.10, section 5.3.2).
"""

from __future__ import annotations

import hashlib
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.updating.machines import SECTOR, Built, listing, run


@dataclass(frozen=True)
class Found:
    """A file among the kernel images, and why it would not start; ``None`` if it would."""

    name: str
    version: str | None
    wrong: str | None


@dataclass
class Judge:
    """Judges disks that differ in a few sectors. ``known``: the images that may be on them."""

    known: tuple[Built, ...]
    _verified: dict[str, bool] = field(default_factory=dict)

    def files(self, disk: Path, esp_at: int) -> list[Found]:
        """Every kernel image on the boot partition of ``disk``, and whether it would start."""
        table = run("sfdisk", "--dump", str(disk), check=False).lower()
        esp = f"{disk}@@{esp_at}"
        found = []
        for name in listing(esp):
            content = _content(esp, name)
            image = next((one for one in self.known if one.uki == content), None)
            wrong = "not whole" if image is None else self._wrong_slot(disk, table, image)
            found.append(Found(name, image.version if image else None, wrong))
        return found

    def _wrong_slot(self, disk: Path, table: str, image: Built) -> str | None:
        places = []
        for one in image.ids:
            match = re.search(rf"start= *(\d+), size= *(\d+), .*uuid={one}", table)
            if match is None:
                return "no partition"
            places.append((int(match[1]) * SECTOR, int(match[2]) * SECTOR))
        with disk.open("rb") as file:
            parts = []
            for start, size in places:
                file.seek(start)
                parts.append(file.read(size))
        return None if self._is_verified(image, *parts) else "verity"

    def _is_verified(self, image: Built, root: bytes, verity: bytes) -> bool:
        key = hashlib.sha256(image.root_hash.encode() + root + verity).hexdigest()
        if key not in self._verified:
            with TemporaryDirectory() as folder:
                paths = [Path(folder, name) for name in ("root", "verity")]
                for path, data in zip(paths, (root, verity), strict=True):
                    path.write_bytes(data)
                done = subprocess.run(
                    ["veritysetup", "verify", *map(str, paths), image.root_hash],  # noqa: S607
                    capture_output=True,
                    check=False,
                )
            self._verified[key] = done.returncode == 0
        return self._verified[key]


def first(names: list[str]) -> list[str]:
    """``names`` as systemd-boot orders them: no tries left last, then the highest version first.

    boot_entry_compare() in its boot.c; versions by strverscmp_improved().
    """

    def key(name: str) -> tuple[bool, list[int], int, int]:
        match = re.fullmatch(r"[a-z-]+_([0-9.]+)(?:\+(\d+)(?:-(\d+))?)?\.efi", name)
        assert match is not None
        left = 1 << 30 if match[2] is None else int(match[2])
        version = [-int(number) for number in match[1].split(".")]
        return left == 0, version, -left, int(match[3] or 0)

    return sorted(names, key=key)


def sound(disk: Path, esp_at: int, esp_size: int, folder: Path) -> str:
    """Complaints of sgdisk, sfdisk and fsck.vfat about ``disk``; nothing if it is in order."""
    esp = folder / "esp"
    with disk.open("rb") as file:
        file.seek(esp_at)
        esp.write_bytes(file.read(esp_size))
    complaints = ""
    verdict = run("sgdisk", "--verify", str(disk))
    if "No problems found" not in verdict:
        complaints += verdict
    verdict = run("sfdisk", "--verify", str(disk))
    if "No errors detected" not in verdict:
        complaints += verdict
    done = subprocess.run(
        ["fsck.vfat", "-n", str(esp)],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        complaints += done.stdout
    return complaints


def _content(esp: str, name: str) -> bytes | None:
    done = subprocess.run(
        ["mcopy", "-n", "-i", esp, f"::/EFI/Linux/{name}", "-"],  # noqa: S607
        capture_output=True,
        check=False,
    )
    return done.stdout if done.returncode == 0 else None
