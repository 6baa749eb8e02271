"""``appliance audit``: creates and verifies the ledger; the other commands are in this folder."""

from __future__ import annotations

from pathlib import Path

import click
from msgspec.structs import replace

from appliance.audit.keys.ledger_keys import LedgerKeys
from appliance.audit.keys.locations import random_origin
from appliance.audit.tlog.appender import create_ledger
from appliance.audit.tlog.signed_note import Verifier
from appliance.audit.verification.rollback import matches_counter
from appliance.audit.verification.verify import Finding, verify_ledger
from appliance.cli.audit.maintain import cosign_command, prune_entries
from appliance.cli.audit.read import (
    export_bundle,
    print_checkpoint,
    prove_command,
    search_entries,
    show_entries,
)
from appliance.cli.framework.basic_options import json_option
from appliance.cli.framework.ledger_location import (
    LedgerLocation,
    anchor_option,
    keys_option,
    ledger_option,
    tpm_option,
)
from appliance.cli.framework.output import print_json, print_pairs
from appliance.errors import LedgerError
from appliance.tpm.counter import TpmCounter


@click.group()
def audit() -> None:
    """Create, read, verify and export the ledger of events."""


for command in (
    print_checkpoint,
    cosign_command,
    export_bundle,
    prove_command,
    prune_entries,
    search_entries,
    show_entries,
):
    audit.add_command(command)


@audit.command()
@ledger_option
@keys_option
@anchor_option
@click.option("--origin", metavar="NAME", help="Name of the ledger. [default: a random one]")
def init(
    *, ledger: Path | None, keys: Path | None, anchor: Path | None, origin: str | None
) -> None:
    """Create an empty ledger and its keys."""
    place = LedgerLocation.of(ledger, keys, anchor)
    made = LedgerKeys.create(place.keys, origin or random_origin())
    create_ledger(place.ledger, made.signer, place.anchor)
    print_pairs([("ledger", made.signer.name), ("public key", made.signer.verifier.vkey)])


@audit.command("verify")
@ledger_option
@keys_option
@anchor_option
@tpm_option
@click.option(
    "--key", metavar="VKEY", help="Public key to verify with. [default: log.vkey in the ledger]"
)
@json_option
def verify_command(
    *,
    ledger: Path | None,
    keys: Path | None,
    anchor: Path | None,
    tpm: str | None,
    key: str | None,
    as_json: bool,
) -> None:
    """Verify every entry, hash and signature of the ledger."""
    place = LedgerLocation.of(ledger, keys, anchor)
    # A copy on an auditor's machine has no anchor of its own.
    outside = None if anchor is None and not place.keys.is_dir() else place.anchor
    result = verify_ledger(place.ledger, Verifier.parse(key) if key else None, outside)
    if tpm is not None and not matches_counter(result.counter, TpmCounter(tpm)):
        result = replace(result, findings=(*result.findings, Finding("tpm", tpm)))
    if as_json:
        print_json(result)
    else:
        print_pairs(
            [
                ("ledger", result.origin or "unknown"),
                ("entries", f"{result.size}, kept from number {result.minimum}"),
                ("root", result.root or "unknown"),
                (
                    "compared with",
                    "the external checkpoint" if outside else "no external checkpoint",
                ),
            ]
        )
        for finding in result.findings:
            click.echo(f"  {finding.problem}: {finding.where}")
    if result.findings:
        raise LedgerError(
            f"The ledger is not valid: {len(result.findings)} findings.",
            "Keep this copy as evidence, and compare it with the last checkpoint kept elsewhere.",
        )
    if not as_json:
        click.echo("all is well")
