"""Session after session leaves no file, no mapping, no loop device and no memory behind."""

from __future__ import annotations

import os
from pathlib import Path

from tests.lab.guest.visitor import Broker, main_process, shell, until

# Two hundred are an hour in this machine; `LAB_SESSIONS=200 make lab` has them.
SESSIONS = int(os.environ.get("LAB_SESSIONS", "40"))
SETTLED = 10  # sessions until caches of libraries are filled


def _resident() -> int:
    process = main_process("appliance-broker.service")
    status = Path(f"/proc/{process}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


def _descriptors() -> int:
    process = main_process("appliance-broker.service")
    return len(list(Path(f"/proc/{process}/fd").iterdir()))


def _left() -> str:
    return shell(
        "lsblk -n; dmsetup ls; losetup -a; cat /proc/mounts; ls -R /run/appliance /run/cryptsetup"
        " /dev/shm /tmp /var/tmp /var/lib/appliance; systemctl list-units --plain 'appliance*'"
        " --no-legend | cut -d' ' -f1-4"
    )


def test_nothing_grows(broker: Broker) -> None:
    closing = []
    left, descriptors, resident = "", 0, 0
    for number in range(SESSIONS):
        session, worker = broker.open()
        os.close(worker)
        erasure = broker.close(session)
        assert erasure.clean
        closing.append(erasure.ms)
        if number == 0:
            until(lambda: "keeper@w0.service" not in _left())  # it ends once it has answered
            left, descriptors = _left(), _descriptors()
        if number == SETTLED:
            resident = _resident()
    until(lambda: _left() == left)
    assert _descriptors() <= descriptors
    grown = _resident() - resident
    median = sorted(closing)[len(closing) // 2]
    print(f"{SESSIONS} sessions; memory grew by {grown} KiB; closing took {median} ms")
    assert grown < 1024
