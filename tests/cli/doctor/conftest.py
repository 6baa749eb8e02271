"""A machine as ``hardening/install.sh`` makes it, below a folder: its files, without its kernel."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from appliance.attestation.record import BootResult
from appliance.cli.doctor.check import Check
from tests.paths import REPOSITORY

HARDENING = REPOSITORY / "hardening"
USERS = [
    *("root", "appliance-audit", "appliance-broker", "appliance-kiosk"),
    *(f"appliance-w{slot}" for slot in range(8)),
    *("appliance-accounts", "appliance-burner", "appliance-disc", "appliance-firewall"),
    *("appliance-release", "appliance-auditor", "appliance-attest"),
]
SOCKETS = {
    "session.sock": (0o660, "root", "appliance-kiosk"),
    "audit.sock": (0o660, "appliance-broker", "appliance-attest"),
    "auditor.sock": (0o600, "appliance-broker", "root"),
    "burner.sock": (0o600, "appliance-broker", "root"),
    "disc.sock": (0o600, "appliance-kiosk", "root"),
    **{f"keeper/w{slot}.sock": (0o600, "appliance-broker", "root") for slot in range(8)},
}
BOOT = "8c1f1a52-9f2c-4d33-9b0e-3f2c6d0b7a11"
PROC_NET_UNIX = "Num       RefCount Protocol Flags    Type St Inode Path\n"


def number(user: str) -> int:
    """The made-up id of a user and its group."""
    return 0 if user == "root" else 60_000 + USERS.index(user)


@pytest.fixture(scope="session")
def _installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("machine")
    subprocess.run(["bash", HARDENING / "install.sh", root], check=True)  # noqa: S607
    (root / "etc/passwd").write_text(
        "".join(f"{user}:x:{number(user)}:{number(user)}::/:/usr/sbin/nologin\n" for user in USERS)
    )
    (root / "etc/group").write_text("".join(f"{user}:x:{number(user)}:\n" for user in USERS))
    (root / "etc/appliance").mkdir()
    place(root / "etc/appliance/tokens", 0o640, "root", "appliance-broker")
    place(root / "etc/appliance/roles", 0o640, "root", "appliance-broker")
    for line in (root / "usr/lib/tmpfiles.d/appliance.conf").read_text().splitlines():
        kind, path, mode, owner, group = line.split()[:5]
        if kind == "d":
            (root / path[1:]).mkdir(parents=True, exist_ok=True)
            place(root / path[1:], int(mode, 8), owner, group)
    listening = PROC_NET_UNIX
    for name, (octal, owner, group) in SOCKETS.items():
        bound = root / "run/appliance" / name
        _listen(bound)
        place(bound, octal, owner, group)
        listening += f"0: 00000002 00000000 00010000 0001 01 7 /run/appliance/{name}\n"
    (root / "proc/net").mkdir(parents=True)
    (root / "proc/net/unix").write_text(listening)
    (root / "proc/swaps").write_text("Filename Type Size Used Priority\n")
    (root / "sys/class/net/lo").mkdir(parents=True)
    (root / "sys/class/net/lo/flags").write_text("0x9\n")
    (root / "sys/bus/usb/devices/usb1").mkdir(parents=True)
    (root / "sys/bus/usb/devices/usb1/authorized_default").write_text("0\n")
    (root / "proc/modules").write_text("usbhid 57344 0 - Live 0x0\n")
    (root / "proc/sys/kernel").mkdir(parents=True)
    (root / "proc/sys/kernel/modules_disabled").write_text("1\n")
    (root / "sys/power").mkdir()
    (root / "dev").mkdir()
    (root / "dev/tpmrm0").touch()
    (root / "proc/sys/kernel/random").mkdir()
    (root / "proc/sys/kernel/random/boot_id").write_text(f"{BOOT}\n")
    record = root / "run/appliance-attestation/boot.json"
    record.parent.mkdir()
    record.write_bytes(msgspec.json.encode(BootResult(BOOT, tpm=True, logged=17, counted=17)))
    (root / "sys/power/resume").write_text("0:0\n")
    modules = root / "usr/lib/x86_64-linux-gnu/security"
    modules.mkdir(parents=True)
    for module in ("pam_u2f.so", "pam_p11.so"):
        (modules / module).touch()
    return root


@pytest.fixture
def root(_installed: Path, tmp_path: Path) -> Path:
    """A correct machine, which a test may alter."""
    there = tmp_path / "root"
    subprocess.run(["cp", "--archive", _installed, there], check=True)  # noqa: S607
    return there


def place(path: Path, mode: int, owner: str, group: str) -> None:
    """Make it, if it is not there, and give it away."""
    if not path.exists():
        path.touch()
    os.chown(path, number(owner), number(group))
    path.chmod(mode)


def _listen(path: Path) -> None:
    """A socket by this name. Its full path may be longer than sun_path."""
    before = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(path.name)
    finally:
        os.chdir(before)


Spoil = Callable[[Path], object]


def replaced(path: str, old: str, new: str) -> Spoil:
    """A spoiler that changes the text of a file."""

    def spoil(root: Path) -> None:
        text = (root / path).read_text()
        assert old in text
        (root / path).write_text(text.replace(old, new))

    return spoil


def written(path: str, text: str) -> Spoil:
    """A spoiler that writes a file."""

    def spoil(root: Path) -> None:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).unlink(missing_ok=True)
        (root / path).write_text(text)

    return spoil


def removed(path: str) -> Spoil:
    """A spoiler that takes a file or folder away."""

    def spoil(root: Path) -> None:
        there = root / path
        shutil.rmtree(there) if there.is_dir() else there.unlink()

    return spoil


def given_away(path: str, mode: int, owner: str, group: str) -> Spoil:
    """A spoiler that changes mode and owner."""
    return lambda root: place(root / path, mode, owner, group)


def failing(checks: list[Check]) -> dict[str, str]:
    """The evidence of what does not hold, by name."""
    return {check.name: check.evidence for check in checks if not check.ok}
