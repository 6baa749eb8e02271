"""``python -m tests.training.killed_machine LEDGER``: a machine with a session, until it is killed.

It prints its folder once the session is open.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from threading import Thread

from appliance import resources
from appliance.training.machine import Machine, Plan
from tests.kiosk.machine import Running
from tests.paths import REPOSITORY

if __name__ == "__main__":
    ledger = Path(sys.argv[1])
    made = Machine(
        Plan(
            policy=resources.policies() / "training.yaml",
            ledger=ledger,
            variables={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            worker="tests.training.serving_worker",
        )
    )
    thread = Thread(target=made.run)
    thread.start()
    made.ready.wait()
    Running(made, ledger.parent, thread).open()
    sys.stdout.write(f"{made.place.folder}\n")
    sys.stdout.flush()
    time.sleep(3600)
