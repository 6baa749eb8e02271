"""What the record of a boot leaves for a disc: a quote of the TPM over the head of the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from appliance.files.read import read_regular

FOLDER: Final = Path("/run/appliance-attestation")
ATTESTATION: Final = "attestation.json"
ATTESTED_CHECKPOINT: Final = "attested-checkpoint"
"""The signed note whose SHA-256 is the nonce of the quote."""

_LIMIT: Final = 1 << 20  # bytes of a file

README: Final = """
attestation.json        which image ran when the machine was started last, signed by its TPM:
                          python3 appliance-verify.py attest attestation.json \\
                            --checkpoint attested-checkpoint --key KEY \\
                            --ledger ledger --measurements measurements.json \\
                            --ak FINGERPRINT --pcr7 VALUE
                        measurements.json comes with the image that the site was given; fingerprint
                        and value were noted when the machine was installed.
attested-checkpoint     the head of the log at that start. The TPM signed its SHA-256.
"""


def attested_files(folder: Path) -> dict[str, bytes]:
    """Both files by their names; none if one of them is missing, as on a machine without a TPM."""
    try:
        return {
            name: read_regular(folder / name, _LIMIT) for name in (ATTESTATION, ATTESTED_CHECKPOINT)
        }
    except OSError:
        return {}
