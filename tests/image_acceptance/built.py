"""What a build left: the disk, what an update carries, the bill of materials."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.image_acceptance.checks import Unfit


@dataclass(frozen=True)
class Partition:
    """An entry of the disk's table; ``start`` and ``size`` in bytes."""

    name: str
    kind: str
    id: str
    start: int
    size: int


@dataclass
class Built:
    """The folder of a build, and the cache that it was built with. ``scratch``: for copies."""

    out: Path
    cache: Path
    scratch: Path

    @property
    def disk(self) -> Path:
        """The disk as a machine gets it."""
        return self.out / "disk.raw"

    @cached_property
    def measurements(self) -> dict[str, Any]:
        """What is published of the image."""
        measured: dict[str, Any] = json.loads((self.out / "sbom/measurements.json").read_text())
        return measured

    @property
    def kernel_image(self) -> Path:
        """Kernel, initrd and kernel line in one signed file."""
        return self.out / f"face-appliance_{self.measurements['version']}.efi"

    @cached_property
    def partitions(self) -> list[Partition]:
        """As sfdisk reads them."""
        table = json.loads(run("sfdisk", "--json", str(self.disk)))["partitiontable"]
        sector = table["sectorsize"]
        return [
            Partition(
                one["name"],
                one["type"].lower(),
                one["uuid"].replace("-", "").lower(),
                one["start"] * sector,
                one["size"] * sector,
            )
            for one in table["partitions"]
        ]

    def partition(self, name: str) -> Partition:
        """The first of this name. Raises ``Unfit`` if there is none."""
        for one in self.partitions:
            if one.name == name:
                return one
        raise Unfit(f"no partition {name}")

    @cached_property
    def root(self) -> Path:
        """The root, unpacked by the tools of erofs from the disk's own first slot."""
        version = self.measurements["version"]
        slot = self.partition(f"root-{version}")
        image = self.scratch / "slot.erofs"
        with self.disk.open("rb") as disk, image.open("wb") as copy:
            disk.seek(slot.start)
            for _ in range(slot.size >> 20):
                copy.write(disk.read(1 << 20))
        into = self.scratch / "root"
        self.tool("fsck.erofs", f"--extract={into}", str(image))
        return into

    def section(self, name: str) -> bytes:
        """One section of the kernel image."""
        copy = self.scratch / "section"
        rest = self.scratch / "rest"  # objcopy would rewrite the signed file itself
        run("objcopy", "--dump-section", f"{name}={copy}", str(self.kernel_image), str(rest))
        return copy.read_bytes()

    @cached_property
    def line(self) -> list[str]:
        """The words of the kernel line."""
        return self.section(".cmdline").rstrip(b"\0\n").decode().split()

    def tool(self, *command: str) -> str:
        """Run a program of the root of tools, in which paths are as they are here."""
        script = (
            'tools=$1; for place in "$2" "$3"; do '
            'mkdir -p "$tools$place"; mount --rbind "$place" "$tools$place"; done; '
            'shift 3; exec chroot "$tools" "$@"'
        )
        places = (str(self.cache / "tools"), str(self.out), str(self.scratch))
        apart = ("unshare", "--mount", "--propagation", "private")
        return run(*apart, "bash", "-ec", script, "tools", *places, *command)


def run(*command: str) -> str:
    """What a program prints. Raises ``Unfit`` with the end of its complaint if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        raise Unfit(f"{command[0]}: {(done.stderr or done.stdout).strip()[-160:]}")
    return done.stdout


def fails(*command: str) -> bool:
    """Whether a program refuses, as a control expects."""
    try:
        run(*command)
    except Unfit:
        return True
    return False
