"""Keys for releases, sealed to this machine by systemd-creds(1)."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

from appliance.provisioning.problem import ProvisionError
from appliance.tpm.tools import LONGEST

_TPM: Final = Path("/dev/tpmrm0")
_PROGRAM: Final = "/usr/bin/systemd-creds"


def seal(name: str, data: bytes) -> bytes:
    """``data`` as the credential ``name``, which this machine alone can decrypt.

    It goes through a pipe, so that no file ever holds it unsealed. Raises ``ProvisionError`` if it
    cannot be sealed, or that does not end (``LONGEST``).
    """
    keys = "host+tpm2" if _TPM.exists() else "host"
    command = [_PROGRAM, "encrypt", f"--with-key={keys}", f"--name={name}", "-", "-"]
    try:
        done = subprocess.run(  # noqa: S603 - fixed words
            command, input=data, capture_output=True, check=False, timeout=LONGEST
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _cannot_seal() from error
    if done.returncode:
        raise _cannot_seal()
    return done.stdout


def _cannot_seal() -> ProvisionError:
    return ProvisionError(
        "The keys for releases cannot be sealed to this machine.",
        "Check the TPM, or make a bundle without keys for releases.",
    )
