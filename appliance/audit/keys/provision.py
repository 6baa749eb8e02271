"""``python -m appliance.audit.keys.provision DIR``: makes a ledger's keys, sealed to this machine.

systemd-creds(1) seals them with a key in the TPM and one on the disk, both of which are needed to
unseal them; without a TPM, with the key on the disk only. It receives them through a pipe, so no
file ever contains them unsealed.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from appliance.audit.keys.ledger_keys import LedgerKeys
from appliance.audit.keys.locations import random_origin
from appliance.errors import ApplianceError, LedgerError

_TPM = Path("/dev/tpmrm0")
_SEAL = "/usr/bin/systemd-creds"


def main() -> int:
    """Make the keys; returns the exit code."""
    sealing = "host+tpm2" if _TPM.exists() else "host"
    try:
        for name, data in LedgerKeys.generate(random_origin()).files().items():
            _seal(data, name, Path(sys.argv[1]) / name, sealing)
    except ApplianceError as error:
        sys.stderr.write(f"error: {error.message}\nhint: {error.hint}\n")
        return error.exit_code
    return 0


def _seal(data: bytes, name: str, path: Path, sealing: str) -> None:
    command = [_SEAL, "encrypt", f"--with-key={sealing}", f"--name={name}", "-", str(path)]
    if subprocess.run(command, input=data, check=False).returncode != 0:  # noqa: S603 - fixed words
        raise LedgerError(
            "The ledger's keys cannot be sealed to this machine.",
            "See the messages above; to do without the TPM, disable it in the firmware.",
        )


if __name__ == "__main__":
    sys.exit(main())
