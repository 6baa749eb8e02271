"""``python -m appliance.tpm.lockout``: the TPM's count of failed guesses begins at nothing again.

A TPM counts each start that no orderly end came before as a guess, once a key was used (TPM 2.0
Library, Part 1, "Dictionary Attack Protection"), and refuses keys for a while when there were too
many: then the ledger cannot start. No secret of the appliance is one that could be guessed: keys
follow from measurements, and the PINs of people are their tokens' own. So nothing is lost.
"""

from __future__ import annotations

import sys

from appliance.errors import TpmError
from appliance.tpm.tools import run


def clear_lockout() -> None:
    """Let the TPM begin to count again. Raises ``TpmError``."""
    if run("tpm2_dictionarylockout", "--clear-lockout").returncode:
        raise TpmError(
            "The TPM does not let its count of guesses be cleared.",
            "Where its lockout has a password, clear the TPM in the firmware's setup, or end the "
            "machine in order each time: a power cut counts as a guess.",
        )


def main() -> int:
    """Clear it. Returns the exit code."""
    try:
        clear_lockout()
    except TpmError as error:
        sys.stderr.write(f"error: {error.message}\nhint: {error.hint}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
