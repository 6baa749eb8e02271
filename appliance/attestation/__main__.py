"""``appliance-boot-record``: log what the machine started with, then end."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from appliance.attestation.record import BootRecord, facts
from appliance.audit.service.client import AuditClient
from appliance.audit.tlog.reader import LedgerReader
from appliance.errors import ApplianceError
from appliance.machine import AUDIT_SOCKET, boot_id
from appliance.tpm.counter import TpmCounter


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the record of this boot. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="appliance-boot-record", description=__doc__)
    parser.add_argument("--ledger", type=Path, required=True, help="folder of the ledger")
    parser.add_argument("--socket", type=Path, default=AUDIT_SOCKET, help="of the audit daemon")
    parser.add_argument("--policy", type=Path, required=True, help="file of the site's policy")
    parser.add_argument(
        "--packs", type=Path, action="append", default=[], help="folder of packs; may be repeated"
    )
    parser.add_argument("--counter", required=True, help="index of the ledger's counter in the TPM")
    parser.add_argument("--output", type=Path, required=True, help="folder for what is left")
    options = parser.parse_args(arguments)
    known = facts(options.policy, options.packs)
    try:
        with closing(AuditClient.connect(options.socket)) as client:
            reader, counter = LedgerReader(options.ledger), TpmCounter(options.counter)
            done = BootRecord(client, reader, counter, options.output, boot_id()).write(known)
    except ApplianceError as error:
        sys.stderr.write(f"error: {error.message}\nhint: {error.hint}\n")
        return error.exit_code
    if done.rolled_back:  # for the journal; the ledger has it as an alarm
        sys.stderr.write("warning: The ledger is not the one that the TPM counted last.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
