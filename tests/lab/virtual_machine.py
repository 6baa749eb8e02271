"""A real machine for tests: Debian's kernel and systemd in QEMU, with our files installed in it.

``machine/prepare.sh`` builds what is booted. The program under test is put in at each boot,
as a file system of its own below the machine's overlay root, so changing it rebuilds nothing else.
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from tests.disc_reader.discs import burn
from tests.lab.emulated_drive import DISC, DRIVE, drive_options, write_release
from tests.lab.guest.test_a_disc_from_outside import PATIENT
from tests.lab.image.token_at_the_lab import port_options
from tests.lab.recorded_networks import PUBLIC_KEY, write_recorded
from tests.lab.screen import screen_options
from tests.lab.tools_root import CACHE, inside_tools
from tests.paths import REPOSITORY

_STARTER = REPOSITORY / "models/starter"
_PORTRAITS = REPOSITORY / "appliance/resources/portraits"

_PACKAGES = "usr/local/lib/python3.13/dist-packages"
_TESTS = "usr/local/lab/tests/lab/guest"
_NETWORKS_OWN = (b"\x52\x55", b"\x52\x56")  # how the addresses of QEMU's network begin
_PATIENCE = 240  # seconds that a machine may take to start
# TCG emulates the wide vectors of AVX slowly: with SSE alone a swap takes 0.6 of the time.
PROCESSOR = "max,-avx512f,-avx2,-fma,-avx"
_KERNEL = (
    "mitigations=off no_timer_check systemd.show_status=0"
    # The root is in memory: without a name that stays, each boot were another machine.
    " systemd.machine_id=5d2f3a7c90e14b6c8d1e6f0b9a4c7e35"
    " usbcore.authorized_default=0"
)
# Before no module can be loaded any more: tokens in software, and devices that tests make.
_MODULES = "uhid\ndummy\n"
_STICK_SIZE = 1 << 20  # bytes
_OUTSIDE = "outside.iso"
_VAR_SIZE = 1 << 30  # bytes of the disk that outlives a boot

# Small and quick: what it changes of the defaults is measured in the machine, not on its patience;
# idle for an hour, as opening eight sessions may take an emulated machine more than the default.
_POLICY = """\
workspace: {size_mib: 64, inodes: 1000, slots: 8}
session: {grace_seconds: 20, idle_seconds: 3600}
token: {attempts: 1, back_off_seconds: 1}
projects:
  - {name: film, members: [anna]}
"""
_RECORDED = f"models: {{keys: [{PUBLIC_KEY}], licences: [MIT, Apache-2.0]}}\n"

_SERVICE = """\
[Unit]
Description=Tests of the lab
After=multi-user.target appliance.target
[Service]
Type=oneshot
TimeoutStartSec={seconds}
# pytest draws its report on a virtio-serial port: that is a file on the machine outside.
StandardOutput=file:/dev/virtio-ports/lab.report
StandardError=inherit
WorkingDirectory=/usr/local/lab
Environment=PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 {knobs}
ExecStart=/usr/bin/python3 -m pytest -v --capture=tee-sys -p no:cacheprovider \\
    --import-mode=importlib {tests}
ExecStopPost=/bin/sh -c 'journalctl -b --no-pager -n 150 -u "appliance*"'
ExecStopPost=/bin/sh -c 'echo "LAB $SERVICE_RESULT $EXIT_STATUS"'
ExecStopPost=/usr/bin/systemctl poweroff --force
"""


@dataclass
class Machine:
    """One machine: its disk outlives a boot, the rest starts from the same state each time.

    ``card``: it has a network card, with a network behind it. ``usb``: a stick, two keyboards and a
    mouse are plugged in. ``burner``: it has a drive with a blank DVD+R, see ``emulated_drive.py``,
    and a folder to be burned. ``disc``: it has a drive with a disc from outside, on which there is
    a portrait. ``real``: the starter pack is installed as it is, see ``recorded_networks.py``.
    ``token``: it has ports for a security key and a touch screen that are outside, see
    ``tests/lab/image``.
    ``screen``: it has a screen that can be looked at from outside, keyboard and pointer; see
    ``screen.py``.
    """

    folder: Path
    card: bool = False
    usb: bool = False
    burner: bool = False
    disc: bool = False
    real: bool = False
    screen: bool = False
    token: bool = False
    memory_mib: int = 3072

    def __post_init__(self) -> None:
        """Make the disk, and put our files in."""
        with self.disk.open("wb") as disk:
            disk.truncate(_VAR_SIZE)
        _run("mke2fs", "-q", "-t", "ext4", "-L", "lab-var", str(self.disk))
        with (self.folder / "stick.raw").open("wb") as stick:
            stick.truncate(_STICK_SIZE)
        if self.burner:
            write_release(self.release)
        if self.disc:
            portrait = (_PORTRAITS / "person_a_1.jpg").read_bytes()
            burn(self.folder / _OUTSIDE, {f"{PATIENT}/1.jpg": portrait, "README": b"x"})
        if not self.real:
            write_recorded(self._recorded, _PORTRAITS / "person_a_1.jpg")

    @property
    def disk(self) -> Path:
        """The raw image of the disk under /var/lib."""
        return self.folder / "var.raw"

    @property
    def _recorded(self) -> Path:
        return self.folder / "recorded"

    @property
    def release(self) -> Path:
        """The folder to be burned, as it was made outside."""
        return self.folder / "release"

    @property
    def burned(self) -> Path:
        """The disc, as the drive wrote it: its first sector comes first."""
        return self.folder / DISC

    @property
    def port(self) -> Path:
        """The socket of the port for the token outside."""
        return self.folder / "token.sock"

    @property
    def other_port(self) -> Path:
        """That of the port for a touch screen outside."""
        return self.folder / "touch.sock"

    @property
    def token_line(self) -> Path:
        """The line for that token, which was made outside; the tests inside find a copy."""
        return self.folder / "token-line"

    @property
    def report(self) -> Path:
        """What the tests inside print, while they do."""
        return self.folder / "report.txt"

    def sent(self) -> list[bytes]:
        """The network frames that left the machine by its card in its last boot."""
        capture = (self.folder / "net.pcap").read_bytes()
        frames, at = [], 24  # bytes of the file's head; 16 of each frame's (pcap-savefile(5))
        while at < len(capture):
            (length,) = struct.unpack_from("<8xI4x", capture, at)
            frames.append(capture[at + 16 : at + 16 + length])
            at += 16 + length
        return [frame for frame in frames if frame[6:8] not in _NETWORKS_OWN]

    @contextmanager
    def boot(self, *tests: str, seconds: float = 600) -> Iterator[subprocess.Popen[bytes]]:
        """Boot and run ``tests`` (arguments of pytest); the machine is killed on leaving."""
        models, more = (_STARTER, "") if self.real else (self._recorded, _RECORDED)
        release = self.release if self.burner else None
        line = self.token_line if self.token else None
        image = self.folder / "program.erofs"
        _program(image, tests, seconds, models, _POLICY + more, release=release, line=line)
        self.report.write_bytes(b"")
        tools = "/lab"
        command = [
            "qemu-system-x86_64",
            *("-M", "q35", "-accel", "tcg,thread=multi,tb-size=512", "-cpu", PROCESSOR),
            *("-smp", "2", "-m", str(self.memory_mib), "-nodefaults", "-no-user-config"),
            *("-nographic", "-no-reboot", "-serial", f"file:{tools}/run/console.txt"),
            *("-monitor", "none", "-rtc", "base=utc"),
            *(screen_options(f"{tools}/run") if self.screen else ()),
            *("-kernel", f"{tools}/cache/vmlinuz", "-initrd", f"{tools}/cache/initrd.img"),
            *("-append", f"console=ttyS0 panic=-1 quiet {_KERNEL}"),
            *_drive("machine", f"{tools}/cache/machine.ext4", read_only=True),
            *_drive("wheels", f"{tools}/cache/wheels.erofs", read_only=True),
            *_drive("program", f"{tools}/run/program.erofs", read_only=True),
            *_drive("var", f"{tools}/run/var.raw", read_only=False),
            *(drive_options() if self.burner else ()),
            *(_disc(f"{tools}/run/{_OUTSIDE}") if self.disc else ()),
            *("-device", "virtio-serial-pci", "-device", "virtio-rng-pci"),
            *("-chardev", f"file,id=report,path={tools}/run/report.txt"),
            *("-device", "virtserialport,chardev=report,name=lab.report"),
            *(_card(f"{tools}/run/net.pcap") if self.card else ()),
            # With fewer ports QEMU plugs a hub in between, which is refused with all behind it.
            *("-device", "qemu-xhci,id=xhci,p2=8,p3=8"),
            *(_usb(f"{tools}/run/stick.raw") if self.usb else ()),
            *(port_options(f"{tools}/run/token.sock", "token") if self.token else ()),
            *(port_options(f"{tools}/run/touch.sock", "touch") if self.token else ()),
            *("-chardev", f"socket,id=tpm,path={tools}/run/tpm.sock"),
            *("-tpmdev", "emulator,id=tpm,chardev=tpm", "-device", "tpm-tis,tpmdev=tpm"),
        ]
        with inside_tools(self.folder, command, DRIVE if self.burner else "") as process:
            yield process

    def run(self, *tests: str, seconds: float) -> tuple[bool, str]:
        """Boot, run the tests, wait for the end: did they all pass, and their report.

        A machine may lose its timers while it starts on a busy host: then it is started once more.
        """
        with self.boot(*tests, seconds=seconds) as process:
            if self._begins(process):
                return self._end(process, seconds)
        with self.boot(*tests, seconds=seconds) as process:
            return self._end(process, seconds)

    def _begins(self, process: subprocess.Popen[bytes]) -> bool:
        end = time.monotonic() + _PATIENCE
        while not self.text() and process.poll() is None and time.monotonic() < end:
            time.sleep(0.5)
        return bool(self.text())

    def _end(self, process: subprocess.Popen[bytes], seconds: float) -> tuple[bool, str]:
        try:
            # The machine stops its tests itself, and tells its journal; booting takes time too.
            process.wait(seconds + _PATIENCE)
        except subprocess.TimeoutExpired:
            return False, self.text() + f"\nstopped after {seconds:.0f} s\n" + self.console()
        text = self.text()
        return "\nLAB success 0" in text, text

    def text(self) -> str:
        """The report so far."""
        return self.report.read_text(errors="replace")

    def console(self) -> str:
        """The end of what kernel and systemd said."""
        console = self.folder / "console.txt"
        return console.read_text(errors="replace")[-4000:] if console.exists() else ""


@contextmanager
def machine(
    *,
    card: bool = False,
    usb: bool = False,
    burner: bool = False,
    disc: bool = False,
    real: bool = False,
    screen: bool = False,
    token: bool = False,
) -> Iterator[Machine]:
    """A fresh machine in a folder that goes away with it."""
    folder = Path(tempfile.mkdtemp(prefix="run.", dir=CACHE))
    try:
        yield Machine(folder, card, usb, burner, disc, real, screen, token)
    finally:
        shutil.rmtree(folder)


def _card(capture: str) -> Sequence[str]:
    """A network card; what goes through it is written down outside."""
    return (
        *("-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net"),
        *("-object", f"filter-dump,id=sent,netdev=net,file={capture}"),
    )


def _disc(image: str) -> Sequence[str]:
    """A SATA drive with a disc in it."""
    return (
        *("-drive", f"if=none,id=outside,file={image},format=raw,media=cdrom,readonly=on"),
        *("-device", "ide-cd,drive=outside"),
    )


def _usb(stick: str) -> Sequence[str]:
    """What somebody plugs in."""
    plugs = ("usb-kbd", "usb-kbd", "usb-mouse", "usb-storage,drive=stick")
    return (
        *("-drive", f"if=none,id=stick,file={stick},format=raw"),
        *(word for plug in plugs for word in ("-device", f"{plug},bus=xhci.0")),
    )


def _drive(name: str, path: str, *, read_only: bool) -> Sequence[str]:
    access = "on" if read_only else "off"
    return (
        "-drive",
        f"if=none,id={name},file={path},format=raw,readonly={access},cache=unsafe,discard=unmap",
        "-device",
        f"virtio-blk-pci,drive={name},serial={name}",
    )


def _program(
    image: Path,
    tests: Sequence[str],
    seconds: float,
    models: Path,
    policy: str,
    *,
    release: Path | None,
    line: Path | None,
) -> None:
    """Our files as they lie in an installed machine, and the tests that run there."""
    tree = image.parent / "program"
    shutil.rmtree(tree, ignore_errors=True)
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(REPOSITORY / "appliance", tree / _PACKAGES / "appliance", ignore=ignore)
    _compile(tree, image.parent / "compiler")
    _version(tree / _PACKAGES / "face_appliance.dist-info")
    shutil.copytree(models, tree / "usr/local/share/appliance/models")
    (tree / "etc/appliance").mkdir(parents=True)
    (tree / "etc/appliance/policy.yaml").write_text(policy)
    shutil.copytree(REPOSITORY / "tests/lab/guest", tree / _TESTS, ignore=ignore)
    shutil.copytree(_PORTRAITS, tree / _TESTS / "portraits")
    if release is not None:
        shutil.copytree(release, tree / _TESTS / "release")
    if line is not None:
        shutil.copy(line, tree / _TESTS)
    _run("bash", str(REPOSITORY / "hardening/install.sh"), str(tree))
    units = tree / "usr/lib/systemd/system"
    units.mkdir(parents=True, exist_ok=True)
    named = " ".join(f"tests/lab/guest/{test}" for test in tests)
    knobs = " ".join(f"{name}={text}" for name, text in os.environ.items() if _is_knob(name))
    service = _SERVICE.format(tests=named, seconds=round(seconds), knobs=knobs)
    (units / "lab.service").write_text(service)
    # The tests set up network devices, which no service of the machine may do.
    (units / "lab.service.d").mkdir()
    (units / "lab.service.d/90-no-network.conf").write_text("# Replaces the shared one.\n")
    loaded = tree / "usr/lib/modules-load.d"
    loaded.mkdir(parents=True)
    (loaded / "lab.conf").write_text(_MODULES)
    wants = units / "multi-user.target.wants"
    wants.mkdir(exist_ok=True)
    # Pulled in by the target without being ordered before it: the tests come after the boot.
    (units / "lab.timer").write_text("[Timer]\nOnActiveSec=0\n[Install]\n")
    (wants / "lab.timer").symlink_to("../lab.timer")
    (units / "var-lib.mount").write_text(
        "[Unit]\nBefore=local-fs.target\n[Mount]\nWhat=/dev/disk/by-label/lab-var\n"
        "Where=/var/lib\nType=ext4\n"
    )
    local = units / "local-fs.target.wants"
    local.mkdir(exist_ok=True)
    (local / "var-lib.mount").symlink_to("../var-lib.mount")
    image.unlink(missing_ok=True)
    _run("mkfs.erofs", "--quiet", "--all-root", str(image), str(tree))


def _compile(tree: Path, root: Path) -> None:
    """Bytecode, as pip leaves it: without, each service compiles itself at each start.

    The machine's own Python makes it, whose root is seen at ``root`` meanwhile.
    """
    root.mkdir(exist_ok=True)
    script = (
        'set -e; mount -o loop,ro "$1" "$2"; mount --bind "$3" "$2/mnt"; exec chroot "$2" '
        "python3 -m compileall -q --invalidation-mode unchecked-hash -s /mnt -p / /mnt"
    )
    arguments = (str(CACHE / "machine.ext4"), str(root), str(tree))
    apart = ("unshare", "--mount", "--propagation", "private")
    _run(*apart, "bash", "-c", script, "lab", *arguments)


def _is_knob(name: str) -> bool:
    """Whether the tests inside read it: how often, with which seed."""
    return name.startswith("LAB_")


def _version(folder: Path) -> None:
    """What pip would note, so that the program knows its own version."""
    folder.mkdir()
    version = metadata.version("face-appliance")
    text = f"Metadata-Version: 2.1\nName: face-appliance\nVersion: {version}\n"
    (folder / "METADATA").write_text(text)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
