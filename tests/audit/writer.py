"""Appends the jobs FIRST to LAST one by one and prints what is acknowledged; run by the tests.

python -m tests.audit.writer LEDGER FIRST LAST
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from appliance.errors import LedgerError
from tests.audit.synthetic import job_event, recorder_for, with_role


def main(ledger: Path, first: int, last: int) -> None:
    """Each line of the output is "JOB INDEX", or "JOB error" for one that was refused."""
    recorder = recorder_for(ledger)
    for number in range(first, last + 1):
        try:
            result = str(recorder.record(with_role(job_event(number)))[0].index)
        except LedgerError:
            result = "error"
        os.write(1, f"{number} {result}\n".encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
