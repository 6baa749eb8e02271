"""Runs tpm2-tools, which take the TPM from ``TPM2TOOLS_TCTI`` or else use the machine's own."""

from __future__ import annotations

import subprocess
from typing import Final

from appliance.errors import TpmError

LONGEST: Final = 300
"""Seconds after which a program that waits for the TPM hangs.

It guards against a TPM that never answers, not against a slow one: an emulated machine under load
took 17 to 45 s to have two keys sealed. Units that wait for the TPM have longer (TimeoutStartSec=).
"""


def run(tool: str, *options: str, data: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run ``tool``, such as ``tpm2_nvread``, on ``data``, and return what became of it.

    Raises ``TpmError`` if it cannot be run or does not end (``LONGEST``).
    """
    try:
        return subprocess.run(  # noqa: S603 - fixed arguments and numbers
            [tool, *options], input=data, capture_output=True, check=False, timeout=LONGEST
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise TpmError(
            "The tools for the TPM cannot be run.", "Install the package tpm2-tools."
        ) from error
