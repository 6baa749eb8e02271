"""What may be plugged in: USBGuard's own daemon judges devices by the installed rules."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.hardening.usb_devices import (
    BOOT_HID,
    CAMERA,
    CARD,
    DAEMON,
    DISK,
    HID,
    HUB,
    KEYBOARD,
    NETWORK,
    POINTER,
    PRINTER,
    RADIO,
    RULES,
    SOUND,
    UAS_DISK,
    VENDOR,
    Device,
    decisions,
)
from tests.paths import REPOSITORY

REFUSED = [
    Device("stick", [DISK]),
    Device("uas disk", [UAS_DISK]),
    Device("stick and keyboard", [KEYBOARD, DISK]),
    Device("stick and token", [HID, DISK]),
    Device("card reader and stick", [CARD, DISK]),
    Device("keyboard, then stick", [KEYBOARD], more=[DISK]),
    Device("token, then network", [HID], more=[NETWORK]),
    Device("network card", [NETWORK]),
    Device("network card of a vendor", [VENDOR]),
    Device("bluetooth", [RADIO]),
    Device("camera", [CAMERA]),
    Device("printer", [PRINTER]),
    Device("headset", [SOUND, HID]),
    Device("hub", [HUB]),
    Device("receiver of radio keyboards", [KEYBOARD, POINTER, HID]),
    Device("token that types", [KEYBOARD, HID, CARD]),
    Device("mute boot device", [BOOT_HID, HID]),
    Device("nothing", []),
]
ALLOWED = [
    Device("token", [HID]),
    Device("second token", [HID]),
    Device("token and card", [CARD, HID]),
    Device("card reader", [CARD]),
    Device("touch screen", [HID, HID]),
    Device("keyboard", [KEYBOARD, HID]),
    Device("pointer", [POINTER]),
]
SECOND = [
    Device("second keyboard", [KEYBOARD]),
    Device("second keyboard with keys for media", [KEYBOARD, BOOT_HID]),
    Device("second pointer", [POINTER, HID]),
]


def test_tokens_one_keyboard_and_one_pointer_are_allowed_and_nothing_else(tmp_path: Path) -> None:
    found = decisions(tmp_path, [*REFUSED, *ALLOWED, *SECOND], RULES.read_text())
    assert found.pop("controller") == "allow"
    assert {name for name, target in found.items() if target == "allow"} == {
        device.name for device in ALLOWED
    }
    assert set(found.values()) == {"allow", "block"}


def test_without_its_condition_a_second_keyboard_would_be_allowed(tmp_path: Path) -> None:
    rules = re.sub(r" if !allowed-matches\(.*\)$", "", RULES.read_text(), flags=re.MULTILINE)
    found = decisions(tmp_path, [ALLOWED[5], *SECOND, REFUSED[0]], rules)
    assert [found[device.name] for device in SECOND] == ["allow", "allow", "allow"]
    assert found["stick"] == "block"


def test_with_other_rules_a_stick_would_be_allowed(tmp_path: Path) -> None:
    assert decisions(tmp_path, REFUSED[:1], "allow\n")["stick"] == "allow"


def test_a_rule_that_usbguard_does_not_understand_would_be_noticed(tmp_path: Path) -> None:
    bad = tmp_path / "rules.conf"
    bad.write_text(RULES.read_text().replace("one-of", "some-of"))
    for rules, ok in ((RULES, True), (bad, False)):
        command = ["usbguard-rule-parser", "-f", str(rules)]  # exits with 0 in any case
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ("ERROR" not in done.stdout + done.stderr) is ok


def test_nothing_is_allowed_by_default_nor_by_who_is_in_a_group() -> None:
    lines = [line for line in DAEMON.read_text().splitlines() if not line.startswith("#")]
    found = dict(line.split("=", 1) for line in lines)
    assert found["ImplicitPolicyTarget"] == "block"
    assert found["PresentDevicePolicy"] == found["InsertedDevicePolicy"] == "apply-policy"
    assert found["AuthorizedDefault"] == "none"
    assert found["RestoreControllerDeviceState"] == "false"
    assert found["IPCAllowedUsers"] == "root"
    assert found["AuditFilePath"] == "/dev/null"  # no file for a device to fill
    assert not {"IPCAllowedGroups", "IPCAccessControlFiles", "RuleFolder"} & found.keys()


def test_the_rules_are_installed_so_that_usbguard_accepts_them(tmp_path: Path) -> None:
    install = ["/bin/bash", str(REPOSITORY / "hardening/install.sh"), str(tmp_path)]
    subprocess.run(install, check=True)
    for name in ("rules.conf", "usbguard-daemon.conf"):
        assert (tmp_path / "etc/usbguard" / name).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "module",
    [
        "usb-storage",
        "uas",
        "vsock",
        "bluetooth",
        "cfg80211",
        "usbnet",
        "thunderbolt",
        "firewire-core",
        "xsk_diag",
        "isofs",
        "udf",
        "hfsplus",
        "vfat",
        "ntfs3",
        "btrfs",
        "cifs",
    ],
)
def test_a_module_that_nothing_needs_is_not_loadable(module: str) -> None:
    folder = REPOSITORY / "hardening/modprobe.d"
    command = ["modprobe", "-C", str(folder), "--dry-run", "--verbose", module]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["install", "/bin/false"]
