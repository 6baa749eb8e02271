"""``appliance audit show|search|prove|checkpoint|export``: what is in the ledger.

Each of the first three, and ``export``, is itself an event and is logged before anything is shown.
A copy of a ledger, without key or daemon, can be read and checked, but logs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Literal

import click

from appliance.audit.entries.events import MAX_INTEGER, LogExported, LogRead
from appliance.audit.entries.pseudonyms import pseudonym
from appliance.audit.entries.reader import Line, read_lines
from appliance.audit.export.bundle import PROOF, SUMS, bundle_files
from appliance.audit.export.bundle import prove as prove_line
from appliance.audit.export.fhir import instant
from appliance.audit.export.words import details, kind, words
from appliance.audit.keys.ledger_keys import Keys
from appliance.audit.service.client import AuditClient
from appliance.audit.tlog.reader import CHECKPOINT, Store
from appliance.audit.verification.tpm import TpmCounter
from appliance.audit.verification.tpm import anchor as count
from appliance.audit.verification.verify import verify_snapshot
from appliance.cli.framework.basic_options import FILE
from appliance.cli.framework.ledger_location import (
    LedgerLocation,
    anchor_option,
    keys_option,
    ledger_option,
    socket_option,
    tpm_option,
)
from appliance.errors import LedgerError, OutputError
from appliance.pipeline.media.output import PendingOutput

_TIME = click.DateTime(("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"))


@click.command()
@ledger_option
@keys_option
@socket_option
@click.option("--last", type=click.IntRange(min=1), default=20, show_default=True, metavar="N")
@click.option("--json", "as_json", is_flag=True, help="Print the entries as they were hashed.")
def show_entries(
    *, ledger: Path | None, keys: Path | None, socket: Path | None, last: int, as_json: bool
) -> None:
    """Show the newest entries."""
    place = LedgerLocation.of(ledger, keys, socket=socket)
    store = place.store.snapshot()
    head = store.checkpoint(store.verifier())
    _tell(place, "show", list(read_lines(store, head, head.size - last)), as_json=as_json)


@click.command()
@ledger_option
@keys_option
@socket_option
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help="Such as job-refused.")
@click.option("--session", metavar="HEX", help="Only this session.")
@click.option("--person", is_flag=True, help="Ask for a person's name, and show what they did.")
@click.option("--since", type=_TIME, help="In UTC.")
@click.option("--until", type=_TIME, help="In UTC, this moment excluded.")
@click.option("--json", "as_json", is_flag=True, help="Print the entries as they were hashed.")
def search_entries(
    *,
    ledger: Path | None,
    keys: Path | None,
    socket: Path | None,
    kinds: Sequence[str],
    session: str | None,
    person: bool,
    since: datetime | None,
    until: datetime | None,
    as_json: bool,
) -> None:
    """Show the entries that fit all that is asked for."""
    place = LedgerLocation.of(ledger, keys, socket=socket)
    # Asked for, not an argument: command lines are seen by others and kept by shells.
    who = _pseudonym_of(place, click.prompt("Name")) if person else None
    _tell(
        place,
        "search",
        [
            line
            for line in _between(place.store.snapshot(), since, until)
            if (not kinds or kind(line.entry.event) in kinds)
            and (session is None or details(line.entry.event).get("session") == session)
            and (who is None or who in details(line.entry.event).values())
        ],
        as_json=as_json,
    )


@click.command()
@click.argument("index", type=click.IntRange(min=0))
@ledger_option
@keys_option
@socket_option
@click.option("--output", type=FILE, required=True, metavar="FILE", help="Ends in .tlog-proof.")
def prove_entry(
    *, index: int, ledger: Path | None, keys: Path | None, socket: Path | None, output: Path
) -> None:
    """Write a proof of the entry INDEX, which shows it without the rest."""
    place = LedgerLocation.of(ledger, keys, socket=socket)
    store = place.store.snapshot()
    head = store.checkpoint(store.verifier())
    line = next(read_lines(store, head, index), None) if index < head.size else None
    if line is None or line.entry.seq != index:
        raise LedgerError(
            "The ledger has no such entry, or keeps it no longer.",
            f"It has entries {store.minimum()} to {head.size - 1}.",
        )
    _log_look(place, "prove", [line])
    _write(output, prove_line(store, store.read(CHECKPOINT), head.size, line).encode())


@click.command()
@ledger_option
@keys_option
@anchor_option
@tpm_option
@click.option("--output", type=FILE, metavar="FILE", help="[default: the terminal]")
def print_checkpoint(
    *,
    ledger: Path | None,
    keys: Path | None,
    anchor: Path | None,
    tpm: str | None,
    output: Path | None,
) -> None:
    """Give out the signed head of the ledger, to keep elsewhere; with --tpm count it there first.

    The counter of the TPM then tells an older copy of the ledger from the newest.
    """
    place = LedgerLocation.of(ledger, keys, anchor)
    store = place.store
    if tpm is not None:
        count(store, place.recorder(), TpmCounter(tpm))
    store.checkpoint(store.verifier())
    note = store.read(CHECKPOINT)
    if output is None:
        click.echo(note.decode(), nl=False)
    else:
        _write(output, note)


@click.command()
@ledger_option
@keys_option
@anchor_option
@socket_option
@click.option("--output", type=FILE, required=True, metavar="FOLDER", help="Must not exist yet.")
@click.option("--since", type=_TIME, help="In UTC.")
@click.option("--until", type=_TIME, help="In UTC, this moment excluded.")
def export_bundle(
    *,
    ledger: Path | None,
    keys: Path | None,
    anchor: Path | None,
    socket: Path | None,
    output: Path,
    since: datetime | None,
    until: datetime | None,
) -> None:
    """Write entries as FHIR, CSV and a report to print, with a proof for each of them."""
    place = LedgerLocation.of(ledger, keys, anchor, socket)
    if place.is_copy:
        raise LedgerError(
            "Only the ledger itself gives out a bundle, for it signs what it gave out.",
            "Run this on the appliance, or name its keys with --keys.",
        )
    remembered = place.anchor.load()
    store = place.store.snapshot()
    verifier = store.verifier()
    result = verify_snapshot(store, verifier, (remembered,))
    lines = _between(store, since, until)
    files = bundle_files(store, store.read(CHECKPOINT), lines, result)
    first, last = (lines[0].entry.seq, lines[-1].entry.seq) if lines else (0, 0)
    digest = sha256(files[SUMS]).hexdigest()
    receipt = place.log(LogExported(first, last, len(lines), digest))
    after = place.store.snapshot()
    head = after.checkpoint(verifier)
    line = next(read_lines(after, head, receipt.index))
    files[PROOF] = prove_line(after, after.read(CHECKPOINT), head.size, line).encode()
    _write_folder(output, files)
    click.echo(f"{len(lines)} entries, {len(files)} files; handed out as entry {receipt.index}")


def _between(store: Store, since: datetime | None, until: datetime | None) -> list[Line]:
    """The entries from ``since`` on and before ``until``, both in UTC."""
    head = store.checkpoint(store.verifier())
    first = _milliseconds(since) if since else 0
    end = _milliseconds(until) if until else MAX_INTEGER
    return [line for line in read_lines(store, head) if first <= line.entry.at < end]


def _milliseconds(moment: datetime) -> int:
    return int(moment.replace(tzinfo=UTC).timestamp() * 1000)


def _pseudonym_of(place: LedgerLocation, name: str) -> str:
    if place.socket is None:
        return pseudonym(Keys.load(place.keys).pseudonym, "person", name.encode())
    client = AuditClient.connect(place.socket)
    try:
        return client.pseudonym("person", name.encode())
    finally:
        client.close()


def _tell(
    place: LedgerLocation, how: Literal["show", "search"], lines: Sequence[Line], *, as_json: bool
) -> None:
    """Log the look, then show what was found."""
    _log_look(place, how, lines)
    for line in lines:
        if as_json:
            click.echo(line.data)
            continue
        entry = line.entry
        fields = " ".join(f"{name}={value}" for name, value in details(entry.event).items())
        title = words(entry.event).title
        click.echo(f"{entry.seq:>8}  {instant(entry.at)}  {entry.by:<8}  {title:<20}  {fields}")


def _log_look(
    place: LedgerLocation, how: Literal["show", "search", "prove"], lines: Sequence[Line]
) -> None:
    if place.is_copy:
        click.echo("This is a copy of a ledger: the look is not logged.", err=True)
        return
    first, last = (lines[0].entry.seq, lines[-1].entry.seq) if lines else (0, 0)
    place.log(LogRead(how, first, last, len(lines)))


def _write(output: Path, data: bytes) -> None:
    with PendingOutput(output) as result:
        result.file.write(data)
        result.commit()


def _write_folder(output: Path, files: Mapping[str, bytes]) -> None:
    try:
        output.mkdir(mode=0o700)
    except OSError as error:
        raise OutputError(
            "The folder for the bundle cannot be made, or is there already.",
            "Name one that does not exist yet.",
        ) from error
    for name, data in files.items():
        _write(output / name, data)
