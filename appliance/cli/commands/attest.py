"""``appliance attest``: has the TPM vouch for what this machine runs."""

from __future__ import annotations

import re
from pathlib import Path

import click

from appliance.attestation.document import attest as attest_machine
from appliance.attestation.measured import running_image
from appliance.cli.framework.basic_options import FILE
from appliance.cli.framework.output import print_pairs
from appliance.cli.framework.usage_errors import PrivateUsageError
from appliance.files.output import PendingOutput
from appliance.tpm.attestation_key import attestation_key

# TPMs take as many bytes as their longest hash has; all of them have SHA-256.
_NONCE = re.compile(r"([0-9a-f]{2}){8,32}")


@click.command()
@click.option(
    "--nonce", required=True, metavar="HEX", help="What the auditor chose: 8 to 32 bytes."
)
@click.option("--output", type=FILE, required=True, metavar="FILE", help="File to write.")
def attest(*, nonce: str, output: Path) -> None:
    """Have the TPM sign what this machine runs.

    The file names the image, and holds the TPM's registers, signed together with the nonce.
    `appliance-verify attest` checks it on another machine.
    """
    if not _NONCE.fullmatch(nonce):
        raise PrivateUsageError("--nonce has to be 8 to 32 bytes in lower-case hex.")
    with PendingOutput(output, shared=True) as pending:
        with attestation_key() as key:
            made = attest_machine(key, bytes.fromhex(nonce), running_image())
        pending.file.write(made.encode())
        pending.commit()
    print_pairs(
        [
            ("attestation key", key.fingerprint),
            *((f"PCR {pcr}", value) for pcr, value in made.pcrs.items()),
        ]
    )
