"""Checks of what may be plugged in, on a correct machine and with one deviation each."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.cli.doctor import devices
from tests.cli.doctor.conftest import Spoil, failing, given_away, removed, replaced, written

RULES, DAEMON = "etc/usbguard/rules.conf", "etc/usbguard/usbguard-daemon.conf"
GUARD, DRIVERS = "USBGuard's rules", "drivers kept out"


def test_a_correct_machine_passes(root: Path) -> None:
    found = list(devices.device_checks(root))
    assert failing(found) == {}
    assert len(found) == 4


@pytest.mark.parametrize(
    ("spoil", "check", "evidence"),
    [
        (
            written("sys/bus/usb/devices/usb2/authorized_default", "1\n"),
            "USB waits for permission",
            "usb2 allows",
        ),
        (removed(RULES), GUARD, "rules.conf is missing"),
        (given_away(RULES, 0o644, "root", "root"), GUARD, "is not root's alone"),
        (replaced(RULES, "allow with", "allow\nallow with"), GUARD, "allows everything"),
        (replaced(DAEMON, "Target=block", "Target=allow"), GUARD, "no rule names is allowed"),
        (written("proc/modules", "usb_storage 81920 0 - Live 0x0\n"), DRIVERS, "usb_storage"),
        (written("etc/modprobe.d/appliance.conf", ""), DRIVERS, "replaced in /etc"),
        (removed("usr/lib/modprobe.d/appliance.conf"), DRIVERS, "none is kept out"),
        (written("sys/class/net/eth0/flags", "0x1003\n"), "network devices down", "eth0 is up"),
    ],
)
def test_each_deviation_is_reported(root: Path, spoil: Spoil, check: str, evidence: str) -> None:
    spoil(root)
    found = failing(list(devices.device_checks(root)))
    assert list(found) == [check]
    assert evidence in found[check]


def test_a_network_device_that_is_down_is_none_that_is_up(root: Path) -> None:
    written("sys/class/net/eth0/flags", "0x1002\n")(root)
    assert failing(list(devices.device_checks(root))) == {}
