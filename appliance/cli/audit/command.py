"""``appliance audit``: the ledger of what happened."""

from __future__ import annotations

from pathlib import Path

import click
from msgspec.structs import replace

from appliance.audit.keys.ledger_keys import LedgerKeys
from appliance.audit.keys.locations import random_origin
from appliance.audit.tlog.appender import create_ledger
from appliance.audit.tlog.signed_note import Verifier
from appliance.audit.verification.tpm import TpmCounter, matches_counter
from appliance.audit.verification.verify import Finding
from appliance.audit.verification.verify import verify_ledger as look
from appliance.cli.audit.maintain import cosign, prune
from appliance.cli.audit.read import (
    checkpoint,
    export,
    prove,
    search,
    show,
)
from appliance.cli.framework.basic_options import json_option
from appliance.cli.framework.ledger_location import (
    LedgerLocation,
    anchor_option,
    keys_option,
    ledger_option,
    tpm_option,
)
from appliance.cli.framework.output import show_json, show_pairs
from appliance.errors import LedgerError


@click.group()
def audit() -> None:
    """Keep, read, check and export the ledger of what happened."""


for command in (checkpoint, cosign, export, prove, prune, search, show):
    audit.add_command(command)


@audit.command()
@ledger_option
@keys_option
@anchor_option
@click.option("--origin", metavar="NAME", help="Name of the log. [default: a random one]")
def init(
    *, ledger: Path | None, keys: Path | None, anchor: Path | None, origin: str | None
) -> None:
    """Make an empty ledger and its keys."""
    place = LedgerLocation.of(ledger, keys, anchor)
    made = LedgerKeys.create(place.keys, origin or random_origin())
    create_ledger(place.ledger, made.signer, place.anchor)
    show_pairs([("log", made.signer.name), ("public key", made.signer.verifier.vkey)])


@audit.command()
@ledger_option
@keys_option
@anchor_option
@tpm_option
@click.option("--key", metavar="VKEY", help="The public key you were given. [default: log.vkey]")
@json_option
def verify(
    *,
    ledger: Path | None,
    keys: Path | None,
    anchor: Path | None,
    tpm: str | None,
    key: str | None,
    as_json: bool,
) -> None:
    """Check every entry, hash and signature of the ledger."""
    place = LedgerLocation.of(ledger, keys, anchor)
    # A copy on the auditor's machine comes without a memory of its own.
    outside = None if anchor is None and not place.keys.is_dir() else place.anchor
    result = look(place.ledger, Verifier.parse(key) if key else None, outside)
    if tpm is not None and not matches_counter(result.counter, TpmCounter(tpm)):
        result = replace(result, findings=(*result.findings, Finding("tpm", tpm)))
    if as_json:
        show_json(result)
    else:
        show_pairs(
            [
                ("log", result.origin or "unknown"),
                ("entries", f"{result.size}, from {result.minimum} on kept"),
                ("root", result.root or "unknown"),
                ("compared with", "the checkpoint outside" if outside else "no checkpoint outside"),
            ]
        )
        for finding in result.findings:
            click.echo(f"  {finding.problem}: {finding.where}")
    if result.findings:
        raise LedgerError(
            f"The ledger is not sound: {len(result.findings)} findings.",
            "Keep this copy as evidence, and compare it with the last checkpoint that was taken "
            "out.",
        )
    if not as_json:
        click.echo("all is well")
