"""A stick, two keyboards and a mouse at the machine: one keyboard and the mouse work, no more.

QEMU plugs them in before the start (``tests/lab/virtual_machine.py``).
"""

from __future__ import annotations

import grp
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.lab.guest.visitor import Broker, all_events, shell, until

_DEVICES = Path("/sys/bus/usb/devices")
_XHCI = Path("/sys/bus/pci/drivers/xhci_hcd")
_KINDS = {(3, 1, 1): "keyboard", (3, 1, 2): "mouse", (8, 6, 0x50): "stick"}
_INTERFACE = 4  # bDescriptorType (USB 2.0, table 9-5)
_FIDO_USAGE_PAGE = bytes.fromhex("06d0f1")


def _kind(device: Path) -> str:
    """What a device says it is: a device without permission has no interfaces in /sys."""
    raw, at = (device / "descriptors").read_bytes(), 0
    while raw[at + 1] != _INTERFACE:
        at += raw[at]
    return _KINDS[raw[at + 5], raw[at + 6], raw[at + 7]]


def _plugged_in() -> dict[Path, str]:
    found = [path for path in _DEVICES.glob("[0-9]*") if ":" not in path.name]
    return {path: _kind(path) for path in found}


def _allowed() -> Counter[str]:
    return Counter(
        kind
        for device, kind in _plugged_in().items()
        if (device / "authorized").read_text() == "1\n"
    )


def _refusals() -> Counter[str]:
    return Counter(event["device"] for event in all_events() if event["kind"] == "device-refused")


def _plug_in_again() -> None:
    (controller,) = (path.name for path in _XHCI.glob("0000:*"))
    (_XHCI / "unbind").write_text(controller)
    (_XHCI / "bind").write_text(controller)
    until(lambda: len(_plugged_in()) == 4)


def test_one_keyboard_and_one_mouse_are_allowed_and_nothing_else() -> None:
    until(lambda: len(_plugged_in()) == 4)
    assert Counter(_plugged_in().values()) == {"keyboard": 2, "mouse": 1, "stick": 1}
    until(lambda: _allowed() == {"keyboard": 1, "mouse": 1})
    assert not list(Path("/dev").glob("sd*"))


def test_each_refusal_is_in_the_ledger() -> None:
    until(lambda: _refusals() >= Counter(storage=1, keyboard=1))
    assert set(_refusals()) == {"storage", "keyboard"}


def test_while_usbguard_does_not_run_nothing_is_allowed() -> None:
    shell("systemctl stop usbguard.service")
    try:
        _plug_in_again()
        shell("udevadm settle")
        assert _allowed() == Counter()
    finally:
        shell("systemctl start usbguard.service")
    until(lambda: _allowed() == {"keyboard": 1, "mouse": 1})


def test_a_stick_that_somebody_allowed_still_has_no_driver() -> None:
    (stick,) = (path for path, kind in _plugged_in().items() if kind == "stick")
    (stick / "authorized").write_text("1")
    try:
        (interface,) = _DEVICES.glob(f"{stick.name}:*")
        shell("udevadm settle")
        assert not (interface / "driver").exists()
        assert not list(Path("/dev").glob("sd*"))
    finally:
        (stick / "authorized").write_text("0")


@pytest.mark.parametrize(
    "module", ["usb-storage", "uas", "bluetooth", "vsock", "cfg80211", "isofs", "udf"]
)
def test_its_driver_cannot_be_loaded(module: str) -> None:
    done = subprocess.run(["modprobe", module], capture_output=True, check=False)
    assert done.returncode != 0
    assert not (Path("/sys/module") / module.replace("-", "_")).exists()


def test_no_module_at_all_can_be_loaded_any_more() -> None:
    assert Path("/proc/sys/kernel/modules_disabled").read_text() == "1\n"
    # One that nothing blocks by its name, and nothing has loaded.
    (file,) = Path("/usr/lib/modules").glob("*/kernel/drivers/net/nlmon.ko*")
    assert not Path("/sys/module/nlmon").exists()
    done = subprocess.run(["modprobe", "nlmon"], capture_output=True, text=True, check=False)
    assert "not permitted" in done.stderr, file


def test_the_broker_can_read_tokens_and_no_keyboard(broker: Broker) -> None:
    broker.states()
    groups = {}
    for node in Path("/dev").glob("hidraw*"):
        reports = Path("/sys/class/hidraw") / node.name / "device/report_descriptor"
        is_token = reports.read_bytes().startswith(_FIDO_USAGE_PAGE)
        mode = node.stat().st_mode & 0o777
        groups[is_token] = (grp.getgrgid(node.stat().st_gid).gr_name, mode)
    assert groups == {True: ("appliance-broker", 0o660), False: ("root", 0o600)}
