"""A machine that the image runs on, as it is: firmware, TPM, disk, screen, USB; no code of tests.

Whoever is before it has what is outside alone: tokens, a touch screen and other things to plug in
(``usbredir.py``, QMP), discs, the screen's pictures, and the power.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tests.lab.emulated_drive import DISC, DRIVE, NEW_DISC, change_disc, drive_options
from tests.lab.image.qmp import Qmp
from tests.lab.image.token_at_the_lab import port_options
from tests.lab.tools_root import CACHE, ROOT, inside_tools
from tests.lab.virtual_machine import PROCESSOR

SIZE = 1280, 800
"""Pixels of the screen."""

PORTS = ("token-0", "token-1", "touch")
"""Names of USB ports that something outside can be plugged in to."""

_FIRMWARE = "usr/share/OVMF"
EMPTY_VARIABLES = f"{_FIRMWARE}/OVMF_VARS_4M.fd"
"""What new firmware remembers, in the root of the tools."""

_RUN = "/lab/run"
_SCREENS = {
    "virtio": f"virtio-gpu-pci,xres={SIZE[0]},yres={SIZE[1]}",
    # What firmware draws on, and the kernel goes on with: any graphics card.
    "vga": f"VGA,xres={SIZE[0]},yres={SIZE[1]},edid=on",
}
_DISKS = {"virtio": "virtio-blk-pci", "nvme": "nvme"}
_PATIENCE = 60.0  # seconds until QEMU listens


@dataclass(frozen=True)
class Hardware:
    """What is in the machine. ``drive``: of discs; a burner reads them too.

    ``memory_mib`` and ``disk_gib``: sizes; of the disk, that of the image if 0. ``secure_boot``:
    with ``variables``, the firmware's own memory, in which keys are enrolled.
    """

    memory_mib: int = 3072
    disk_gib: int = 0
    disk: Literal["virtio", "nvme"] = "virtio"
    screen: Literal["virtio", "vga"] = "virtio"
    drive: Literal["", "cd", "burner"] = "cd"
    keyboard: bool = True
    secure_boot: bool = False
    variables: Path | None = None


@dataclass
class ImageMachine:
    """Its disk, its TPM and what firmware remembers outlive a boot, in ``folder``.

    ``image``: the raw disk as it was built, which stays so; ``None`` for a machine without a disk.
    ``strings``: of SMBIOS, type 11, for the next boots. ``copied``: the disk is a raw copy, in
    which somebody outside may change bytes between two boots. What ``folder`` holds already stays.
    """

    folder: Path
    image: Path | None
    hardware: Hardware = field(default_factory=Hardware)
    strings: tuple[str, ...] = ()
    identity: uuid.UUID = field(default_factory=uuid.uuid4)
    copied: bool = False

    def __post_init__(self) -> None:
        """Make the disk, and the firmware's memory."""
        variables = self.hardware.variables or ROOT / EMPTY_VARIABLES
        if not (self.folder / "variables.fd").exists():
            shutil.copy(variables, self.folder / "variables.fd")
        if self.image is not None and not self.disk.exists():
            make = copy_disk if self.copied else _overlay
            make(self.image, self.disk, self.hardware.disk_gib << 30)

    @property
    def disk(self) -> Path:
        """What was written since the image was built (qcow2), or all of it (raw)."""
        return self.folder / ("disk.raw" if self.copied else "disk.qcow2")

    @property
    def console(self) -> Path:
        """What came by the serial port, of all boots."""
        return self.folder / "console.txt"

    @property
    def burned(self) -> Path:
        """The disc that was blank, as the burner left it."""
        return self.folder / DISC

    @contextmanager
    def boot(self, disc: Path | None = None) -> Iterator[Running]:
        """Power on, with ``disc`` in the drive; the power is cut on leaving."""
        for name in ("qmp", *(f"{port}.sock" for port in PORTS)):
            (self.folder / name).unlink(missing_ok=True)
        burner = self.hardware.drive == "burner"
        before = DRIVE if burner else ""
        if burner and disc is not None:
            before += change_disc(f"{_RUN}/{self.bring(disc)}")
        image = self.image.parent if self.image else None
        with inside_tools(self.folder, self._command(), before, image) as process:
            running = Running(self, process, time.monotonic())
            with closing(running.qmp):
                if disc is not None and not burner:
                    running.insert(disc)
                yield running

    def bring(self, file: Path) -> str:
        """Put a file where QEMU sees it; its name there."""
        if file.parent != self.folder:
            shutil.copy(file, self.folder / file.name)
        return file.name

    def _command(self) -> list[str]:
        hardware = self.hardware
        return [
            "qemu-system-x86_64",
            *("-M", f"q35,smm={'on' if hardware.secure_boot else 'off'}"),
            *("-accel", "tcg,thread=multi,tb-size=512", "-cpu", PROCESSOR, "-smp", "2"),
            *("-m", str(hardware.memory_mib), "-nodefaults", "-no-user-config"),
            *("-display", "none", "-monitor", "none", "-rtc", "base=utc"),
            *("-qmp", f"unix:{_RUN}/qmp,server=on,wait=off"),
            *("-chardev", f"file,id=serial,path={_RUN}/console.txt,append=on"),
            *("-serial", "chardev:serial"),
            *self._firmware(),
            *("-chardev", f"socket,id=tpm,path={_RUN}/tpm.sock"),
            *("-tpmdev", "emulator,id=tpm,chardev=tpm", "-device", "tpm-tis,tpmdev=tpm"),
            *("-device", _SCREENS[hardware.screen]),
            *("-device", "virtio-rng-pci"),
            # For what is plugged in while it runs.
            *("-device", "pcie-root-port,id=port.0,chassis=1,slot=1"),
            # With fewer ports QEMU plugs a hub in between, which is refused with all behind it.
            *("-device", "qemu-xhci,id=xhci,p2=8,p3=8"),
            *(word for port in PORTS for word in port_options(f"{_RUN}/{port}.sock", port)),
            *(("-device", "usb-kbd,bus=xhci.0") if hardware.keyboard else ()),
            *self._disks(),
        ]

    def _firmware(self) -> Sequence[str]:
        secure = ".secboot" if self.hardware.secure_boot else ""
        code = f"/{_FIRMWARE}/OVMF_CODE_4M{secure}.fd"
        words = [
            *("-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={code}"),
            *("-drive", f"if=pflash,unit=1,format=raw,file={_RUN}/variables.fd"),
            *("-smbios", f"type=1,manufacturer=Lab,product=Machine,uuid={self.identity}"),
        ]
        if secure:
            words += ["-global", "driver=cfi.pflash01,property=secure,value=on"]
        for number, text in enumerate(self.strings):
            (self.folder / f"string-{number}").write_text(text)
            words += ["-smbios", f"type=11,path={_RUN}/string-{number}"]
        return words

    def _disks(self) -> Sequence[str]:
        words = []
        if self.image is not None:
            # What was not flushed is lost when the power is cut, and nothing else.
            kind = self.disk.suffix.removeprefix(".")
            drive = f"if=none,id=disk,file={_RUN}/{self.disk.name},format={kind},cache=writeback"
            device = f"{_DISKS[self.hardware.disk]},drive=disk,serial=LAB1,bootindex=1"
            words += ["-drive", f"{drive},discard=unmap", "-device", device]
        if self.hardware.drive == "cd":
            words += ["-device", "ide-cd,id=cd"]
        if self.hardware.drive == "burner":
            words += drive_options()
        return words


class Running:
    """A machine whose power is on. ``began``: when, by ``time.monotonic``."""

    def __init__(
        self, machine: ImageMachine, process: subprocess.Popen[bytes], began: float
    ) -> None:
        self._machine, self._process, self.began = machine, process, began
        end = began + _PATIENCE
        while not (machine.folder / "qmp").exists():
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("QEMU does not start")
            time.sleep(0.1)
        self.qmp = Qmp(machine.folder / "qmp")

    def port(self, name: str) -> Path:
        """The socket of a port of ``PORTS``."""
        return self._machine.folder / f"{name}.sock"

    @property
    def seconds(self) -> float:
        """Since the power came on."""
        return time.monotonic() - self.began

    def insert(self, disc: Path) -> None:
        """Put a disc into the drive, in the place of the one in it."""
        name = self._machine.bring(disc)
        if self._machine.hardware.drive == "burner":
            self._in_drive(change_disc(f"{_RUN}/{name}"))
            return
        self.qmp.ask(
            "blockdev-change-medium", id="cd", filename=f"{_RUN}/{name}", format="raw",
            **{"read-only-mode": "read-only"},
        )  # fmt: skip

    def insert_blank(self) -> None:
        """Put the blank disc into the burner; another one, if that was taken away."""
        new = "" if self._machine.burned.exists() else NEW_DISC
        self._in_drive(new + change_disc(f"{_RUN}/{DISC}"))

    def in_the_drive(self) -> str:
        """What tgtd says of the burner and the disc in it."""
        return self._in_drive("in_root tgtadm --lld iscsi --op show --mode target")

    def eject(self) -> None:
        """Take the disc out of a drive that only reads."""
        self.qmp.ask("eject", id="cd", force=True)

    def plug_stick_in(self, content: Path) -> None:
        """A stick with ``content`` on it."""
        name = self._machine.bring(content)
        file = {"driver": "file", "filename": f"{_RUN}/{name}"}
        self.qmp.ask("blockdev-add", driver="raw", file=file, **{"node-name": "stick"})
        self.qmp.ask("device_add", driver="usb-storage", id="stick", drive="stick", bus="xhci.0")

    def reads_of(self, name: str) -> int:
        """How often the machine has read a disk or a stick."""
        disks = self.qmp.ask("query-blockstats")
        found = (one["stats"]["rd_operations"] for one in disks if name in one.get("qdev", ""))
        return int(next(found))

    def plug_in(self, driver: str, name: str) -> None:
        """A USB device of QEMU's own: ``usb-kbd``, ``usb-mouse``, ``usb-hub`` and others."""
        self.qmp.ask("device_add", driver=driver, id=name, bus="xhci.0")

    def plug_network_in(self, *, usb: bool) -> Path:
        """A network card with a network behind it; the file that records what is sent (pcap)."""
        name = "usb" if usb else "card"
        capture = self._machine.folder / f"{name}.pcap"
        self.qmp.ask("netdev_add", type="user", id=name)
        file = f"{_RUN}/{capture.name}"
        dump = {"qom-type": "filter-dump", "id": f"dump-{name}", "netdev": name, "file": file}
        self.qmp.ask("object-add", **dump)
        driver, bus = ("usb-net", "xhci.0") if usb else ("e1000e", "port.0")
        self.qmp.ask("device_add", driver=driver, id=f"net-{name}", netdev=name, bus=bus)
        return capture

    def unplug(self, name: str) -> None:
        """What was plugged in under this name."""
        self.qmp.ask("device_del", id=name)

    def dump(self) -> Path:
        """All memory, as it is now, in an ELF file that the caller removes."""
        path = self._machine.folder / "memory.elf"
        path.unlink(missing_ok=True)
        self.qmp.ask("dump-guest-memory", paging=False, protocol=f"file:{_RUN}/{path.name}")
        return path

    def reset(self) -> None:
        """The button."""
        self.qmp.ask("system_reset")

    def is_on(self) -> bool:
        """Whether it has not switched itself off."""
        return self._process.poll() is None

    def wait_off(self, seconds: float) -> None:
        """Wait until it switches itself off. Raises ``subprocess.TimeoutExpired``."""
        self._process.wait(seconds)

    def _in_drive(self, script: str) -> str:
        """Run what speaks with tgtd, in the network and the mounts that it has."""
        found = subprocess.run(
            ["pgrep", "-P", str(self._process.pid)], capture_output=True, text=True, check=True
        )
        enter = ["nsenter", f"--target={found.stdout.split()[0]}", "--mount", "--net"]
        words = f'root="{ROOT}"; in_root() {{ chroot "$root" "$@"; }}; {script}'
        command = [*enter, "bash", "-ec", words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@contextmanager
def image_machine(
    image: Path | None, hardware: Hardware | None = None, strings: tuple[str, ...] = ()
) -> Iterator[ImageMachine]:
    """A fresh machine, in a folder that goes away with it."""
    folder = Path(tempfile.mkdtemp(prefix="run.", dir=CACHE))
    try:
        yield ImageMachine(folder, image, hardware or Hardware(), strings)
    finally:
        shutil.rmtree(folder)


def copy_disk(image: Path, disk: Path, size: int = 0) -> None:
    """A copy of ``image`` as ``disk``, at least ``size`` bytes long; holes stay holes."""
    disk.unlink(missing_ok=True)
    subprocess.run(["cp", "--sparse=always", str(image), str(disk)], check=True)
    if size > disk.stat().st_size:
        os.truncate(disk, size)


def _overlay(image: Path, disk: Path, size: int) -> None:
    """A disk that begins as ``image`` and keeps what is written apart."""
    work = Path(tempfile.mkdtemp(prefix="overlay.", dir=ROOT / "tmp"))
    try:
        inside = f"/tmp/{work.name}/{disk.name}"  # noqa: S108 - of the other root
        words = ["qemu-img", "create", "-q", "-u", "-f", "qcow2", "-F", "raw"]
        words += ["-b", f"/lab/image/{image.name}", inside]
        length = max(size, image.stat().st_size)
        subprocess.run(["chroot", str(ROOT), *words, str(length)], check=True, capture_output=True)
        shutil.move(work / disk.name, disk)
    finally:
        shutil.rmtree(work)
