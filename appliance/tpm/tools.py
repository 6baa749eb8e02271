"""Runs tpm2-tools, which take the TPM from ``TPM2TOOLS_TCTI`` or else use the machine's own."""

from __future__ import annotations

import subprocess

from appliance.errors import TpmError

_SECONDS = 30


def run(tool: str, *options: str, data: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run ``tool``, such as ``tpm2_nvread``, on ``data``, and return what became of it.

    Raises ``TpmError`` if it cannot be run or does not end within 30 s.
    """
    try:
        return subprocess.run(  # noqa: S603 - fixed arguments and numbers
            [tool, *options], input=data, capture_output=True, check=False, timeout=_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise TpmError(
            "The tools for the TPM cannot be run.", "Install the package tpm2-tools."
        ) from error
