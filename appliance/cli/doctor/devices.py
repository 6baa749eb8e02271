"""Checks of what may be plugged in: USB devices wait for USBGuard, and drivers cannot be loaded."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from appliance.cli.doctor.check import Check, verdict
from appliance.cli.doctor.system import setting_lines

_MODULES = "appliance.conf"
_USBGUARD = ("rules.conf", "usbguard-daemon.conf")
_BLOCKS = "ImplicitPolicyTarget=block"


def device_checks(root: Path) -> Iterator[Check]:
    """Whether a device that is plugged in can do nothing before it is allowed."""
    yield verdict("devices", "USB waits for permission", _authorised(root), "nothing by default")
    yield verdict("devices", "USBGuard's rules", _rules(root), "installed, refuse all else")
    yield verdict("devices", "drivers kept out", _loaded(root), "none loaded, none loadable")
    yield verdict("devices", "network devices down", _up(root), "none is up")


def _authorised(root: Path) -> Iterator[str]:
    for controller in sorted(root.glob("sys/bus/usb/devices/usb[0-9]*/authorized_default")):
        if controller.read_text().strip() != "0":
            yield f"{controller.parent.name} allows what is plugged in"


def _rules(root: Path) -> Iterator[str]:
    for name in _USBGUARD:
        file = root / "etc/usbguard" / name
        if not file.is_file():
            yield f"{name} is missing"
        elif stat.S_IMODE(file.stat().st_mode) != 0o600 or file.stat().st_uid:
            yield f"{name} is not root's alone, so that USBGuard does not start"
    if _BLOCKS not in setting_lines(root / "etc/usbguard" / _USBGUARD[1]):
        yield "what no rule names is allowed"
    if not any(
        line.startswith("allow ") for line in setting_lines(root / "etc/usbguard/rules.conf")
    ):
        yield "no token is allowed"
    if any(line == "allow" for line in setting_lines(root / "etc/usbguard/rules.conf")):
        yield "a rule allows everything"


def _loaded(root: Path) -> Iterator[str]:
    lines = [line.split() for line in setting_lines(root / "usr/lib/modprobe.d" / _MODULES)]
    kept_out = {words[1] for words in lines if words[0] == "install"}
    if not kept_out:
        yield "none is kept out"
    for folder in ("etc", "run"):
        if (root / folder / "modprobe.d" / _MODULES).exists():
            yield f"replaced in /{folder}"
    loaded = {line.split()[0] for line in setting_lines(root / "proc/modules")}
    yield from (f"{name} is loaded" for name in sorted(kept_out & loaded))


def _up(root: Path) -> Iterator[str]:
    for device in sorted(root.glob("sys/class/net/*/flags")):
        if device.parent.name != "lo" and int(device.read_text(), 16) & 1:  # IFF_UP
            yield f"{device.parent.name} is up"
