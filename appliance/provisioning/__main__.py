"""``appliance-provision``: takes a bundle from the firmware or a disc, when the machine starts.

With ``--log`` it logs what became of it, which another unit does once the ledger's daemon runs.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from appliance.audit.entries.events import AnyEvent
from appliance.audit.service.client import AuditClient
from appliance.errors import ApplianceError
from appliance.machine import AUDIT_SOCKET
from appliance.provisioning.applying import Provisioning
from appliance.provisioning.numbers import Numbers
from appliance.provisioning.place import Place
from appliance.provisioning.sealing import seal
from appliance.provisioning.sources import from_credential, from_disc
from appliance.provisioning.starting import Start
from appliance.provisioning.to_log import ToLog
from appliance.seal.environment import scrub_environment


def main() -> int:
    """Take a bundle, if there is one.

    Returns the exit code, which is not 0 if nothing may run on what is in force.
    """
    parser = argparse.ArgumentParser(prog="appliance-provision", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--drive", type=Path, help="device of the drive")
    what.add_argument("--log", action="store_true", help="log what became of a bundle")
    parser.add_argument("--state", type=Path, required=True, help="folder for what is to be logged")
    options = parser.parse_args()
    credentials = Path(os.environ.get("CREDENTIALS_DIRECTORY", "/nonexistent"))
    scrub_environment()
    try:
        place = Place.of_machine()
        to_log = ToLog(options.state, place)
        if options.log:
            to_log.log(_log)
            return 0
    except ApplianceError as error:
        _say(error)
        return error.exit_code
    start = Start(Provisioning(place, Numbers.of_machine(), seal), to_log, _say)
    sources = (lambda: from_credential(credentials), lambda: from_disc(options.drive))
    return 0 if start.run(sources) else 1


def _log(events: Sequence[AnyEvent]) -> None:
    with closing(AuditClient.connect(AUDIT_SOCKET)) as client:
        client.append_all(events)


def _say(error: ApplianceError) -> None:
    sys.stderr.write(f"error: {error.message}\nhint: {error.hint}\n")


if __name__ == "__main__":
    sys.exit(main())
