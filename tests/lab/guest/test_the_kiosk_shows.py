"""The window of the appliance, on a machine that has a screen: its units and their power."""

from __future__ import annotations

import fcntl
import os
import re
import select
import socket
import struct
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

SHOWN, KEY = "the screen can be looked at", "f12"
"""What is printed once the window is up, and the key that then tells us to go on."""

_F12 = 88  # linux/input-event-codes.h
_EVENT = struct.Struct("llHHi")  # struct input_event: time, type, code, value
_K_OFF = 4  # linux/kd.h: the kernel gives what is typed to nobody
_KDGKBMODE = 0x4B44


def _show(unit: str, name: str) -> str:
    command = ["systemctl", "show", f"--property={name}", "--value", unit]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _until(holds: Callable[[], bool], seconds: float = 300) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.5)


def _processes() -> dict[str, int]:
    """The processes of the window's user: the compositor, what starts windows, the window."""
    done = subprocess.run(
        ["pgrep", "--list-name", "--euid", "appliance-kiosk"],
        capture_output=True,
        text=True,
        check=True,
    )
    found = {int(number): name for number, name in map(str.split, done.stdout.splitlines())}
    assert sorted(found.values()) == ["cage", "python3", "python3"]
    (cage,) = (number for number, name in found.items() if name == "cage")
    parents = {number: int(_status(number)["PPid"]) for number in found}
    (starter,) = (number for number, parent in parents.items() if parent == cage)
    (window,) = (number for number, parent in parents.items() if parent == starter)
    return {"cage": cage, "starter": starter, "window": window}


def _status(process: int) -> dict[str, str]:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return {name: value.strip() for name, value in (line.split(":", 1) for line in lines)}


def test_the_window_is_up() -> None:
    _until(lambda: _show("appliance-kiosk.service", "ActiveState") == "active")
    ready = int(_show("appliance-kiosk.service", "ActiveEnterTimestampMonotonic"))
    began = int(_show("appliance-kiosk.service", "ExecMainStartTimestampMonotonic"))
    print(f"first frame and seal {(ready - began) / 1e6:.1f} s after the start of the unit")
    assert _show("appliance-seat.service", "ActiveState") == "active"


def test_what_is_shown_is_seen_from_outside() -> None:
    node = next(
        Path("/dev/input") / path.parent.parent.name
        for path in Path("/sys/class/input").glob("event*/device/name")
        if "Keyboard" in path.read_text()
    )
    with node.open("rb", buffering=0) as keyboard:
        print(SHOWN, flush=True)
        end = time.monotonic() + 600
        while True:
            readable, _, _ = select.select([keyboard], [], [], max(0.0, end - time.monotonic()))
            assert readable, "nobody pressed the key"
            *_, kind, code, _value = _EVENT.unpack(keyboard.read(_EVENT.size))
            if (kind, code) == (1, _F12):
                return


def test_what_is_typed_reaches_no_terminal() -> None:
    mode = bytearray(8)
    with Path("/dev/tty0").open("rb") as terminal:
        fcntl.ioctl(terminal, _KDGKBMODE, mode)
    assert int.from_bytes(mode[:4], "little") == _K_OFF
    assert not Path("/proc/sys/kernel/sysrq").read_text().strip("0\n")


def test_compositor_and_window_have_no_privilege() -> None:
    found = _processes()
    for process in found.values():
        status = _status(process)
        assert status["CapEff"] == status["CapPrm"] == status["CapBnd"] == "0" * 16
        assert status["NoNewPrivs"] == "1"
        assert status["Seccomp"] == "2"
    # The unit's filter of calls, and that of the seal.
    filters = {name: int(_status(process)["Seccomp_filters"]) for name, process in found.items()}
    assert filters["window"] == filters["starter"] + 1 == filters["cage"] + 1


def test_window_and_compositor_hold_no_file_that_is_written() -> None:
    for process in _processes().values():
        for entry in Path(f"/proc/{process}/fd").iterdir():
            target = str(entry.readlink())
            flags = Path(f"/proc/{process}/fdinfo/{entry.name}").read_text()
            (mode,) = re.findall(r"^flags:\s+0?(\d+)", flags, re.MULTILINE)
            if int(mode, 8) & os.O_ACCMODE and target.startswith("/"):
                allowed = ("/memfd:", "/dev/", "/run/appliance-kiosk/wayland-0.lock")
                assert target.startswith(allowed), target


def test_the_window_uses_little_memory() -> None:
    total = 0
    for name, process in _processes().items():
        rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
        (pss,) = re.findall(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)
        print(f"{name} {int(pss) / 1024:.0f} MiB")
        total += int(pss)
    assert total < 180 * 1024


def test_there_is_no_network_and_no_listener() -> None:
    window = _processes()["window"]
    own = Path(f"/proc/{window}/ns/net").readlink()
    assert own != Path("/proc/1/ns/net").readlink()
    command = ["nsenter", f"--net=/proc/{window}/ns/net", "ip", "-brief", "address"]
    links = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert [line.split()[0] for line in links.splitlines()] == ["lo"]
    for table in ("tcp", "tcp6", "udp", "udp6", "raw", "raw6", "packet"):
        lines = Path(f"/proc/{window}/net/{table}").read_text().splitlines()
        assert lines[1:] == [], table


def test_another_user_cannot_reach_the_compositor() -> None:
    path = Path("/run/appliance-kiosk/wayland-0")
    assert path.is_socket()
    assert path.parent.stat().st_mode & 0o777 == 0o700
    code = f"import socket; socket.socket(socket.AF_UNIX).connect({str(path)!r})"
    for user, refused in (("appliance-w0", True), ("appliance-broker", True), ("root", False)):
        command = ["setpriv", f"--reuid={user}", "--clear-groups", "python3", "-c", code]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ("PermissionError" in done.stderr) is refused, done.stderr


def test_the_window_sees_two_services_and_nothing_else_of_the_machine() -> None:
    window = _processes()["window"]
    run = Path(f"/proc/{window}/root/run")
    assert {path.name for path in (run / "appliance").iterdir()} == {"session.sock", "disc.sock"}
    assert {path.name for path in run.iterdir()} == {
        *("appliance", "appliance-kiosk", "appliance-seat", "systemd", "udev"),
    }
    for empty in ("tmp", "var"):
        assert list(Path(f"/proc/{window}/root/{empty}").iterdir()) == []
    # The compositor asks for the screen by its name in there, and for nothing but its number.
    show = ["systemctl", "show", "--property=DevicePolicy,DeviceAllow", "appliance-kiosk"]
    shown = subprocess.run(show, capture_output=True, text=True, check=True).stdout
    assert set(shown.splitlines()) == {
        *("DevicePolicy=closed", "DeviceAllow=char-drm m"),
        "DeviceAllow=char-rtc r",  # by ProtectClock
    }
    assert not Path(f"/proc/{window}/root/dev/input").exists()


def test_nothing_has_failed() -> None:
    command = ["systemctl", "--failed", "--plain", "--no-legend"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == ""


def test_a_compositor_that_ends_comes_again() -> None:
    before = _processes()
    subprocess.run(["kill", "-9", str(before["cage"])], check=True)
    _until(lambda: _show("appliance-kiosk.service", "NRestarts") != "0")
    _until(lambda: _show("appliance-kiosk.service", "ActiveState") == "active")
    assert _processes()["cage"] != before["cage"]
    with socket.socket(socket.AF_UNIX) as mine:
        mine.connect("/run/appliance-kiosk/wayland-0")
