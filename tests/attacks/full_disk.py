"""What a daemon logs on a full disk; run by ``test_filling_the_ledger.py`` on a small tmpfs.

python -m tests.attacks.full_disk FOLDER
"""

from __future__ import annotations

import errno
import json
import os
import sys
from pathlib import Path

from appliance.audit.entries import events
from appliance.audit.tlog.reserve import Reserve
from tests.attacks.ledger import OWN, Daemon

_RESERVE = 4 << 20  # bytes
_HASH = "ab" * 32
_WORK = events.JobFinished(OWN, 1, _HASH, 1, 1, 5)
_ALARM = events.LoginRefused("no-token")
_END = (
    events.SessionClosed(OWN, "user", 1, 5),
    events.SessionWipeFailed(OWN, "probe", 1),
)


def fill(path: Path) -> None:
    """Use up the disk."""
    with path.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12):
            try:
                while True:
                    file.write(bytes(size))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise


def attack(folder: Path, reserve: Reserve | None) -> dict[str, object]:
    """Fill the disk, then log; whether the reserve is whole before and after."""
    daemon = Daemon(folder / "ledger", reserve)
    worker, broker = daemon.worker(), daemon.line("broker")
    found: dict[str, object] = {
        "before": [worker.log(_WORK), broker.log(_ALARM), broker.log(*_END)]
    }
    fill(folder / "ballast")
    found["work"] = worker.log(_WORK)
    found["login"] = broker.log(events.LoginGranted("cd" * 16, "fido2"))
    found["mixed"] = broker.log(*_END, events.LoginGranted("cd" * 16, "fido2"))
    found["alarm"] = broker.log(_ALARM)
    alarms = 0
    for batch in (128, 16, 1):  # until not even one more fits
        while alarms < 100_000 and broker.log(*[_ALARM] * batch) == "logged":
            alarms += batch
    found["alarms"] = alarms
    found["no more alarms"] = broker.log(_ALARM)
    found["endings"] = [broker.log(*_END) for _ in range(20)]
    found["work still"] = worker.log(_WORK)
    (folder / "ballast").unlink()
    found["free"] = [worker.log(_WORK), broker.log(_ALARM), broker.log(*_END)]
    found["whole"] = reserve is None or reserve.is_whole()
    found["entries"] = len(daemon.entries())
    return found


def main(folder: Path) -> None:
    """Once with a reserve and, as the control, once without."""
    results = []
    for name in ("with", "without"):
        (folder / name).mkdir()
        reserve = Reserve.next_to(folder / name / "ledger", _RESERVE) if name == "with" else None
        results.append(attack(folder / name, reserve))
    os.write(1, json.dumps(results).encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
