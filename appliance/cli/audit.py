"""``appliance audit``: the ledger of what happened."""

from __future__ import annotations

import secrets
import time
from pathlib import Path

import click

from appliance.audit.anchor import FileAnchor
from appliance.audit.events import JobFinished
from appliance.audit.home import default_ledger, default_origin
from appliance.audit.keys import ANCHOR, Keys, beside
from appliance.audit.ledger import Ledger, create
from appliance.audit.protocol import MAX_BATCH
from appliance.audit.record import Recorder
from appliance.audit.verify import verify as look
from appliance.cli.audit_options import keys_option, ledger_option
from appliance.cli.options import json_option
from appliance.cli.report import show_json, show_pairs
from appliance.errors import LedgerError


@click.group()
def audit() -> None:
    """Keep, read, check and export the ledger of what happened."""


@audit.command()
@ledger_option
@keys_option
@click.option("--origin", metavar="NAME", help="Name of the log. [default: a random one]")
def init(ledger: Path | None, keys: Path | None, origin: str | None) -> None:
    """Make an empty ledger and its keys."""
    folder = ledger or default_ledger()
    keys_folder = keys or beside(folder)
    made = Keys.create(keys_folder, origin or default_origin())
    create(folder, made.signer, FileAnchor(keys_folder / ANCHOR))
    show_pairs([("log", made.signer.name), ("public key", made.signer.verifier.vkey)])


@audit.command("append-test")
@click.argument("number", type=click.IntRange(min=1))
@ledger_option
@keys_option
@click.option(
    "--batch",
    type=click.IntRange(1, MAX_BATCH),
    default=MAX_BATCH,
    show_default=True,
    help="How many events share one durable step.",
)
def append_test(number: int, ledger: Path | None, keys: Path | None, batch: int) -> None:
    """Append NUMBER made-up events, marked as a test, and say how long it took."""
    folder = ledger or default_ledger()
    keys_folder = keys or beside(folder)
    anchor = FileAnchor(keys_folder / ANCHOR)
    recorder = Recorder(Ledger(folder, Keys.load(keys_folder).signer, anchor))
    session = secrets.token_hex(8)
    started = time.monotonic()
    for first in range(0, number, batch):
        jobs = range(first + 1, min(first + batch, number) + 1)
        events = [JobFinished(session, job, secrets.token_hex(32), 1, 1, 0) for job in jobs]
        recorder.record([("test", event) for event in events])
    seconds = time.monotonic() - started
    show_pairs(
        [
            ("appended", f"{number}, durable"),
            ("time", f"{seconds:.2f} s ({number / seconds:.0f} events/s, {batch} a step)"),
        ]
    )


@audit.command()
@ledger_option
@json_option
def verify(ledger: Path | None, as_json: bool) -> None:
    """Check every entry, hash and signature of the ledger."""
    result = look(ledger or default_ledger())
    if as_json:
        show_json(result)
    else:
        show_pairs(
            [
                ("log", result.origin or "unknown"),
                ("entries", f"{result.size}, from {result.minimum} on kept"),
                ("root", result.root or "unknown"),
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
