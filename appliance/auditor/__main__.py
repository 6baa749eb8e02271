"""``appliance-auditor``: seal itself, then show the ledger by one connection, and end with it."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from threading import Thread
from typing import Final

from appliance.audit import standalone
from appliance.audit.export import attested
from appliance.audit.export.preload import load_bundles
from appliance.auditor.service import Auditor, Place
from appliance.auditor.stage import Stage
from appliance.diagnostics import machine_status
from appliance.diagnostics.process_log import configure
from appliance.errors import ApplianceError
from appliance.machine import boot_id
from appliance.policy.load import load
from appliance.seal.allowed_paths import SYSTEM, interpreter
from appliance.seal.seal import confine, seal
from appliance.wire.activation import one_connection
from appliance.wire.hang_up import end_with

_LOOK: Final = 1.0  # seconds between two looks at whether it is idle


def main() -> int:
    """Serve one connection, whose end is that of the process; returns if it cannot start."""
    parser = argparse.ArgumentParser(prog="appliance-auditor", description=__doc__)
    parser.add_argument("--ledger", type=Path, required=True, help="folder of the ledger")
    parser.add_argument("--anchor", type=Path, help="copy of its last checkpoint elsewhere")
    parser.add_argument("--stage", type=Path, required=True, help="folder to put discs together in")
    parser.add_argument("--policy", type=Path, required=True, help="file of the site's policy")
    parser.add_argument(
        "--status", type=Path, default=machine_status.FILE, help="file that the doctor leaves"
    )
    parser.add_argument(
        "--attested",
        type=Path,
        default=attested.FOLDER,
        help="folder of what the record of this boot left",
    )
    parser.add_argument(
        "--socket",
        type=int,
        help="descriptor of the connection to the broker; default: accepted from systemd's socket",
    )
    options = parser.parse_args()
    stderr = sys.stderr
    try:
        connection = one_connection(options.socket, "appliance-auditor")
        policy = load(options.policy)
        stderr = configure("auditor", policy.system.log_level)
        stage = Stage(options.stage)
        stage.prepare()
        load_bundles()
        boot = boot_id()
        verifier = Path(standalone.__file__).read_bytes()
        outside = [options.anchor.parent] if options.anchor else []
        readable = [options.ledger, options.status.parent, options.attested, *outside]
        confinement = confine(
            readable=[*SYSTEM, *interpreter(), *readable], writable=[options.stage]
        )
        seal(confinement, minimum=policy.seal.minimum, serving=True)
    except ApplianceError as error:
        stderr.write(f"error: {error.message}\nhint: {error.hint}\n")
        return error.exit_code
    place = Place(
        options.ledger, options.anchor, stage, verifier, options.status, boot, options.attested
    )
    auditor = Auditor(place, begun=end_with)
    end_with(connection)
    Thread(target=_end_if_idle, args=(auditor,), daemon=True).start()
    auditor.service().serve(connection)
    os._exit(0)


def _end_if_idle(auditor: Auditor) -> None:
    while not auditor.is_idle():
        time.sleep(_LOOK)
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
