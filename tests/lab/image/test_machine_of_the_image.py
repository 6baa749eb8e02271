"""The image's machine with no image in it: its firmware starts, and what is outside is there."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from tests.lab.image.canaries import found_in
from tests.lab.image.machine import SIZE, Hardware, Running, image_machine
from tests.lab.image.security_key import SecurityKey
from tests.lab.image.touch_screen import TouchScreen
from tests.lab.screen import Screen

_PATIENCE = 3600.0
_HERE, _ELSEWHERE = "Kanarienvogel-4711", "Kanarienvogel-4712"


def _until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE
    while not holds():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.5)


def _plug_everything_in(running: Running, folder: Path) -> None:
    running.plug_in("usb-kbd", "second-keyboard")
    running.unplug("second-keyboard")
    stick = folder / "stick.raw"
    stick.write_bytes(bytes(1 << 20))
    running.plug_stick_in(stick)
    assert running.reads_of("stick") >= 0
    assert running.plug_network_in(usb=False).exists()
    assert running.plug_network_in(usb=True).exists()


def test_firmware_starts_and_all_can_be_plugged_in(tmp_path: Path) -> None:
    hardware = Hardware(memory_mib=512, drive="burner")
    disc = tmp_path / "first.iso"
    disc.write_bytes(bytes(1 << 20))
    with image_machine(None, hardware, (f"io.lab.word={_HERE}",)) as machine:
        with machine.boot(disc) as running:
            key = SecurityKey(running.port("token-0"), tmp_path / "keys", "1234", "ONE")
            key.plug_in()
            glass = TouchScreen(running.port("touch"))
            screen = Screen(machine.folder, running.qmp)
            # Without a disk the firmware ends in its shell, which is on the serial port too.
            _until(lambda: "Shell>" in machine.console.read_text(errors="replace"))
            assert screen.picture().size == SIZE
            glass.tap((0.5, 0.5))
            assert "first.iso" in running.in_the_drive()
            running.insert_blank()
            assert machine.burned.name in running.in_the_drive()
            _plug_everything_in(running, machine.folder)
            dump = running.dump()
            found = found_in(dump, (_HERE, _ELSEWHERE))
            assert found[_HERE] > 0
            assert found[_ELSEWHERE] == 0
            key.pull()
            glass.pull()
            assert running.is_on()
        assert not running.is_on()


def test_each_boot_has_a_drive_of_its_own(tmp_path: Path) -> None:
    """At once after a power cut, and while another machine is on."""
    hardware = Hardware(memory_mib=512, drive="burner")
    first, second = tmp_path / "first.iso", tmp_path / "second.iso"
    for disc in (first, second):
        disc.write_bytes(bytes(1 << 20))
    with image_machine(None, hardware) as one, image_machine(None, hardware) as other:
        for _ in range(2):
            with one.boot(first) as running, other.boot(second) as running_too:
                assert first.name in running.in_the_drive()
                assert second.name in running_too.in_the_drive()
