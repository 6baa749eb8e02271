"""``python -m appliance.audit.keys.provision DIR``: makes a ledger's keys, sealed to this machine.

systemd-creds(1) seals them with a key in the TPM and one on the disk, both of which are needed to
unseal them; without a TPM, with the key on the disk only. It receives them through a pipe, so no
file ever contains them unsealed. A file that has its name is whole, whenever the power goes: the
ledger could never start on half of one, and the signing key, which is last, says that all are made.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from appliance.audit.keys.ledger_keys import LedgerKeys
from appliance.audit.keys.locations import random_origin
from appliance.errors import ApplianceError, LedgerError
from appliance.files.atomic import write_file

_TPM = Path("/dev/tpmrm0")
_SEAL = "/usr/bin/systemd-creds"


def main() -> int:
    """Make the keys; returns the exit code."""
    sealing = "host+tpm2" if _TPM.exists() else "host"
    try:
        for name, data in LedgerKeys.generate(random_origin()).files().items():
            _write(Path(sys.argv[1]) / name, _sealed(data, name, sealing))
    except ApplianceError as error:
        sys.stderr.write(f"error: {error.message}\nhint: {error.hint}\n")
        return error.exit_code
    return 0


def _sealed(data: bytes, name: str, sealing: str) -> bytes:
    command = [_SEAL, "encrypt", f"--with-key={sealing}", f"--name={name}", "-", "-"]
    done = subprocess.run(command, input=data, stdout=subprocess.PIPE, check=False)  # noqa: S603 - fixed words
    if done.returncode != 0:
        raise LedgerError(
            "The ledger's keys cannot be sealed to this machine.",
            "See the messages above; to do without the TPM, disable it in the firmware.",
        )
    return done.stdout


def _write(path: Path, sealed: bytes) -> None:
    try:
        write_file(path, sealed, 0o600)
    except OSError as error:
        raise LedgerError(
            "The ledger's sealed keys cannot be written.", "Check the disk under /var/lib."
        ) from error


if __name__ == "__main__":
    sys.exit(main())
