"""USB devices that are not there: what USBGuard's own daemon decides about them, with our rules.

Debian's USBGuard can take its devices from umockdev, which shows it descriptions in the place of
/sys. The daemon is the real one, and so are its parsers of descriptors and rules.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.paths import REPOSITORY

RULES = REPOSITORY / "hardening/usbguard/rules.conf"
DAEMON = REPOSITORY / "hardening/usbguard/usbguard-daemon.conf"
_PATIENCE = 120  # seconds for all decisions of one run; each takes half a second
_HUB = "/devices/pci0000:00/0000:00:14.0/usb1"
_DECIDED = re.compile(r"target\.new='(\w+)'.*? name \"([^\"]*)\".*type='Policy\.Device\.Update'")

# Class, subclass and protocol of an interface (usb.org, "Defined Class Codes").
Interface = tuple[int, int, int]
KEYBOARD: Interface = (3, 1, 1)
POINTER: Interface = (3, 1, 2)
HID: Interface = (3, 0, 0)
BOOT_HID: Interface = (3, 1, 0)
CARD: Interface = (0x0B, 0, 0)
DISK: Interface = (8, 6, 0x50)
UAS_DISK: Interface = (8, 6, 0x62)
NETWORK: Interface = (2, 6, 0)
VENDOR: Interface = (0xFF, 0xFF, 0xFF)
RADIO: Interface = (0xE0, 1, 1)
CAMERA: Interface = (0x0E, 1, 0)
PRINTER: Interface = (7, 1, 2)
SOUND: Interface = (1, 1, 0)
HUB: Interface = (9, 0, 0)


@dataclass(frozen=True)
class Device:
    """``more``: the interfaces of a second configuration, which a system may switch to."""

    name: str
    interfaces: Sequence[Interface]
    more: Sequence[Interface] = ()

    def described(self, path: str, number: int, *, allowed: bool = False) -> str:
        """The device as umockdev reads it; its descriptors are those of the USB specification."""
        configurations = [one for one in (self.interfaces, self.more) if one]
        head = bytes([18, 1, 0, 2, 0, 0, 0, 8, 0x34, 0x12, number, 0, 0, 1, 0, 0, 0])
        raw = head + bytes([len(configurations)])
        for value, interfaces in enumerate(configurations, 1):
            size = 9 + 9 * len(interfaces)
            raw += bytes([9, 2, size & 255, size >> 8, len(interfaces), value, 0, 0xA0, 50])
            for place, kind in enumerate(interfaces):
                raw += bytes([9, 4, place, 0, 0, *kind, 0])
        return f"""\
P: {path}
N: bus/usb/001/{number:03}={raw.hex().upper()}
E: BUSNUM=001
E: DEVNAME=/dev/bus/usb/001/{number:03}
E: DEVNUM={number:03}
E: DEVTYPE=usb_device
E: SUBSYSTEM=usb
A: authorized={int(allowed)}
A: authorized_default=0
A: bDeviceClass=00
A: bNumConfigurations={len(configurations)}
A: bNumInterfaces= {len(self.interfaces)}
A: busnum=1
H: descriptors={raw.hex().upper()}
A: devnum={number}
A: idProduct={number:04x}
A: idVendor=1234
A: product={self.name}
A: serial=
"""


def decisions(folder: Path, devices: Sequence[Device], rules: str) -> dict[str, str]:
    """Plug the devices in, in this order: the decision about each, by name."""
    (folder / "devices").mkdir()
    described = [Device("controller", [HUB]).described(_HUB, 1, allowed=True)]
    described.append("P: /devices/pci0000:00/0000:00:14.0\nE: SUBSYSTEM=pci\nA: class=0x0c0330\n")
    described += [
        device.described(f"{_HUB}/1-{number}", number) for number, device in enumerate(devices, 2)
    ]
    (folder / "devices/all.umockdev").write_text("\n".join(described))
    settings, record = folder / "daemon.conf", folder / "audit.log"
    text = DAEMON.read_text().replace(
        "DeviceManagerBackend=uevent", "DeviceManagerBackend=umockdev"
    )
    text = re.sub(r"^RuleFile=.*", f"RuleFile={folder / 'rules.conf'}", text, flags=re.MULTILINE)
    text = re.sub(r"^AuditFilePath=.*", f"AuditFilePath={record}", text, flags=re.MULTILINE)
    for path, content in ((settings, text), (folder / "rules.conf", rules), (record, "")):
        path.write_text(content)
        path.chmod(0o600)
    # A network of its own: its socket is an abstract one, and another daemon may run here.
    command = ["unshare", "--net", "umockdev-wrapper", "usbguard-daemon", "-k", "-c", str(settings)]
    environment = os.environ | {"USBGUARD_UMOCKDEV_DEVICEDIR": str(folder / "devices")}
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        end = time.monotonic() + _PATIENCE
        while len(found := _decided(record)) <= len(devices):
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < end, found
            time.sleep(0.05)
    finally:
        process.kill()
        process.communicate()
    return found


def _decided(record: Path) -> dict[str, str]:
    return {name: target for target, name in _DECIDED.findall(record.read_text())}
