"""Appends the jobs FIRST to LAST one by one, saying which are acknowledged; run by the tests.

python -m tests.audit.writer LEDGER FIRST LAST
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from appliance.cli.framework.ledger_location import LedgerLocation
from appliance.errors import LedgerError
from tests.audit.made_up import job, said


def main(ledger: Path, first: int, last: int) -> None:
    """Each line of the output is "JOB INDEX", or "JOB error" for one that was refused."""
    recorder = LedgerLocation.of(ledger).recorder()
    for number in range(first, last + 1):
        try:
            said_so = str(recorder.record(said(job(number)))[0].index)
        except LedgerError:
            said_so = "error"
        os.write(1, f"{number} {said_so}\n".encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
