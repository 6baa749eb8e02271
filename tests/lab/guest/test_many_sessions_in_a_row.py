"""Session after session leaves no file, no mapping, no loop device and no memory behind."""

from __future__ import annotations

import os
import time
from pathlib import Path
from statistics import median

from tests.lab.guest.visitor import Broker, main_process, shell, until

# Two hundred are half an hour in this machine; `LAB_SESSIONS=200 make lab` has them.
SETTLED = 10  # sessions until caches of libraries are filled
SESSIONS = max(SETTLED + 1, int(os.environ.get("LAB_SESSIONS", "20")))
STAYING = ("appliance-broker.service", "appliance-audit.service")


def _resident(unit: str) -> int:
    """KiB."""
    status = Path(f"/proc/{main_process(unit)}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


def _descriptors(unit: str) -> int:
    return len(list(Path(f"/proc/{main_process(unit)}/fd").iterdir()))


def _left() -> str:
    return shell(
        "lsblk -n; dmsetup ls; losetup -a; cat /proc/mounts; ls -R /run/appliance /run/cryptsetup"
        " /dev/shm /tmp /var/tmp /var/lib/appliance; systemctl list-units --plain 'appliance*'"
        " --no-legend | cut -d' ' -f1-4"
    )


def test_nothing_grows(broker: Broker) -> None:
    closing: list[int] = []
    left = ""
    descriptors: dict[str, int] = {}
    resident: dict[str, int] = {}
    started = time.monotonic()
    for number in range(SESSIONS):
        session, worker = broker.open()
        os.close(worker)
        erasure = broker.close(session)
        assert erasure.clean
        closing.append(erasure.ms)
        if number == 0:
            until(lambda: "keeper@w0.service" not in _left())  # it ends once it has answered
            left = _left()
            descriptors = {unit: _descriptors(unit) for unit in STAYING}
        if number == SETTLED:
            resident = {unit: _resident(unit) for unit in STAYING}
        if number % 10 == 0:
            memory = [_resident(unit) for unit in STAYING]
            print(f"session {number} after {time.monotonic() - started:.0f} s; {memory} KiB")
    lasted = time.monotonic() - started
    print(f"{SESSIONS} sessions in {lasted:.0f} s; each wiped in {median(closing)} ms (median)")
    until(lambda: _left() == left)
    for unit in STAYING:
        assert _descriptors(unit) <= descriptors[unit]
        grown = _resident(unit) - resident[unit]
        print(f"{unit}: {resident[unit]} KiB, grown by {grown}")
        assert grown < 1024
