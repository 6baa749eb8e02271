"""``appliance-provision``: takes a bundle from the firmware or a disc, when the machine starts.

With ``--log`` it logs what became of it, which another unit does once the ledger's daemon runs.
With ``--reset``, in a unit too, it erases the machine for a bundle that asks for that.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from appliance.audit.entries.events import AnyEvent
from appliance.audit.service.client import AuditClient
from appliance.errors import ApplianceError
from appliance.machine import AUDIT_SOCKET
from appliance.provisioning.applying import Provisioning
from appliance.provisioning.factory_reset import FactoryReset
from appliance.provisioning.numbers import Numbers
from appliance.provisioning.place import Place
from appliance.provisioning.sealing import seal
from appliance.provisioning.sources import from_credential, from_disc
from appliance.provisioning.starting import Outcome, Start
from appliance.provisioning.to_log import FOLDER, ToLog
from appliance.seal.environment import scrub_environment

RESET_WANTED: Final = Path("/run/appliance-provision/factory-reset")
"""While it is there, ``appliance-factory-reset.service`` runs."""


def main() -> int:
    """Take a bundle, if there is one.

    Returns the exit code, which is not 0 if nothing may run on what is in force.
    """
    parser = argparse.ArgumentParser(prog="appliance-provision", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--drive", type=Path, help="device of the drive")
    what.add_argument("--log", action="store_true", help="log what became of a bundle")
    what.add_argument("--reset", action="store_true", help="erase the machine, and restart it")
    parser.add_argument("--state", type=Path, default=FOLDER, help="for what is to be logged")
    options = parser.parse_args()
    credentials = Path(os.environ.get("CREDENTIALS_DIRECTORY", "/nonexistent"))
    scrub_environment()
    try:
        if options.reset:
            reset = FactoryReset()
            reset.erase()
            reset.restart()
            return 0
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
    outcome = start.run(sources)
    if outcome is Outcome.RESET:
        RESET_WANTED.touch()
    return 0 if outcome is Outcome.USABLE else 1


def _log(events: Sequence[AnyEvent]) -> None:
    with closing(AuditClient.connect(AUDIT_SOCKET)) as client:
        client.append_all(events)


def _say(error: ApplianceError) -> None:
    sys.stderr.write(f"error: {error.message}\nhint: {error.hint}\n")


if __name__ == "__main__":
    sys.exit(main())
