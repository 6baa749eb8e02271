"""What becomes of a USB device that was refused: a report, with nothing that the device says."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import msgspec
import pytest
from msgspec import inspect

from appliance.audit.entries.events import DeviceRefused
from appliance.protocols import broker_api
from tests.paths import REPOSITORY

HARDENING = REPOSITORY / "hardening"
SCRIPT = HARDENING / "usb/usb-refused.sh"
RULES = (HARDENING / "udev/74-appliance-usb.rules").read_text()
# The script with a /sys of the test: a mount namespace of its own, as the test is root anyway.
_RUN = 'mount --bind "$1" /sys && exec sh "$2" "$3"'


def _kinds(struct: type[msgspec.Struct]) -> set[str]:
    info = inspect.type_info(struct)
    assert isinstance(info, inspect.StructType)
    (field,) = info.fields
    assert isinstance(field.type, inspect.LiteralType)
    return {str(value) for value in field.type.values}


@pytest.fixture
def port(tmp_path: Path) -> Path:
    """The folder of a device in the kernel's files."""
    device = tmp_path / "bus/usb/devices/1-2.3"
    device.mkdir(parents=True)
    (device / "authorized").write_text("0\n")
    varlinkctl = tmp_path / "bin/varlinkctl"
    varlinkctl.parent.mkdir()
    varlinkctl.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >{tmp_path / "called"}\n')
    varlinkctl.chmod(0o755)
    return device


def _start(port: Path, instance: str) -> subprocess.Popen[bytes]:
    root = port.parents[3]
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _RUN, "sh"]
    return subprocess.Popen(
        [*command, root, SCRIPT, instance],
        env={"PATH": f"{root / 'bin'}:/usr/sbin:/usr/bin"},
    )


def _called(port: Path) -> list[str]:
    called = port.parents[3] / "called"
    return called.read_text().splitlines() if called.exists() else []


def _each_pause_is(lines: str, port: Path) -> None:
    """``lines``, of a shell, in the place of the script's pauses."""
    pause = port.parents[3] / "bin/sleep"
    pause.write_text(f"#!/bin/sh\n{lines}\n")
    pause.chmod(0o755)


def test_a_device_that_stays_refused_is_reported_by_its_kind(port: Path) -> None:
    _each_pause_is("exit 0", port)
    assert _start(port, "storage:1-2.3").wait() == 0
    verb, socket, method, parameters = _called(port)
    assert (verb, socket) == ("call", "/run/appliance/session.sock")
    assert method == f"{broker_api.NAME}.DeviceRefused"
    assert json.loads(parameters) == {"device": "storage"}


def test_a_device_that_is_pulled_before_it_was_allowed_is_reported(port: Path) -> None:
    asked = _start(port, "keyboard:1-2.3")
    (port / "authorized").unlink()
    assert asked.wait() == 0
    assert json.loads(_called(port)[-1]) == {"device": "keyboard"}


def test_a_device_that_a_slow_machine_allows_late_is_not_reported(port: Path) -> None:
    looks, allowed = port.parents[3] / "looks", port / "authorized"
    # The 300th of the pauses, each of which is a fifth of a second: the first minute.
    lines = f'echo >>"{looks}"; [ "$(wc -l <"{looks}")" -lt 300 ] || echo 1 >"{allowed}"'
    _each_pause_is(lines, port)
    assert _start(port, "keyboard:1-2.3").wait() == 0
    assert _called(port) == []
    assert len(looks.read_text().splitlines()) == 300


def test_the_unit_lets_the_script_look_to_the_end() -> None:
    script = SCRIPT.read_text()
    (looks,) = re.findall(r"-lt (\d+) \]", script)
    (pause,) = re.findall(r"^\tsleep ([\d.]+)$", script, re.MULTILINE)
    unit = (HARDENING / "systemd/appliance-usb-refused@.service").read_text()
    (minutes,) = re.findall(r"^TimeoutStartSec=(\d+)min$", unit, re.MULTILINE)
    assert int(minutes) * 60 > 5 * int(looks) * float(pause)


def test_a_device_that_usbguard_allows_is_not_reported(port: Path) -> None:
    asked = _start(port, "other:1-2.3")
    (port / "authorized").write_text("1\n")
    assert asked.wait() == 0
    assert _called(port) == []


@pytest.mark.parametrize(
    "instance", ["stick:1-2.3", "storage:../../x", "storage:", "storage", 'storage:1"', ":1-2"]
)
def test_nothing_but_a_kind_and_a_port_is_understood(port: Path, instance: str) -> None:
    assert _start(port, instance).wait() == 2
    assert _called(port) == []


def test_udev_the_script_the_broker_and_the_ledger_know_the_same_kinds() -> None:
    kinds = _kinds(DeviceRefused)
    assert kinds == _kinds(broker_api.DeviceRefused)
    assert kinds == set(re.findall(r'ENV\{appliance_kind\}="(\w+)"', RULES))
    (listed,) = re.findall(r"^(storage \|.*)\) ;;$", SCRIPT.read_text(), re.MULTILINE)
    assert kinds == set(listed.split(" | "))


@pytest.mark.parametrize(
    ("interfaces", "kind"),
    [
        (":080650:", "storage"),
        (":030101:080650:", "storage"),
        (":030101:030000:", "keyboard"),
        (":030102:", "pointer"),
        (":090000:", "hub"),
        (":020600:0a0000:", "network"),
        (":e00101:", "radio"),
        (":0e0100:0e0200:", "camera"),
        (":030000:", "other"),
        (":070102:", "other"),
    ],
)
def test_a_device_is_of_the_kind_of_its_worst_part(interfaces: str, kind: str) -> None:
    found = "other"
    rule = re.compile(
        r'^ENV\{ID_USB_INTERFACES\}=="([^"]*)", ENV\{appliance_kind\}="(\w+)"$', re.MULTILINE
    )
    for patterns, named in rule.findall(RULES):
        globs = (re.escape(one).replace(r"\*", ".*") for one in patterns.split("|"))
        if any(re.fullmatch(one, interfaces) for one in globs):
            found = named
    assert found == kind
