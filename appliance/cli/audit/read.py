"""``appliance audit show|search|prove|checkpoint|export``: reads the ledger.

All but ``checkpoint`` are events themselves, recorded before anything is shown. A copy of a ledger,
without signing key or daemon, can be read and verified, but records nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Literal

import click

from appliance.audit.entries.events import LogExported, LogRead
from appliance.audit.entries.fields import MAX_INTEGER
from appliance.audit.entries.pseudonyms import pseudonym
from appliance.audit.entries.reader import LogLine, read_lines
from appliance.audit.export.bundle import (
    PROOF,
    SUMS,
    bundle_files,
    prove_entry,
)
from appliance.audit.export.fhir import instant
from appliance.audit.export.labels import details, kind, labels
from appliance.audit.export.selection import lines_of_session
from appliance.audit.export.simulations import in_words
from appliance.audit.keys.ledger_keys import LedgerKeys
from appliance.audit.service.client import AuditClient
from appliance.audit.tlog.reader import CHECKPOINT, LedgerReader
from appliance.audit.verification.rollback import anchor_in_tpm
from appliance.audit.verification.verify import OutsideCheckpoint, verify_snapshot
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
from appliance.files.output import PendingOutput
from appliance.tpm.counter import TpmCounter

_TIME = click.DateTime(("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"))


@click.command("show")
@ledger_option
@keys_option
@socket_option
@click.option(
    "--last",
    type=click.IntRange(min=1),
    default=20,
    metavar="N",
    help="Number of entries. [default: 20]",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print the entries in the form that was hashed."
)
def show_entries(
    *, ledger: Path | None, keys: Path | None, socket: Path | None, last: int, as_json: bool
) -> None:
    """Show the newest entries."""
    place = LedgerLocation.of(ledger, keys, socket=socket)
    store = place.store.snapshot()
    head = store.checkpoint(store.verifier())
    _record_and_show(
        place, "show", list(read_lines(store, head, head.size - last)), as_json=as_json
    )


@click.command("search")
@ledger_option
@keys_option
@socket_option
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    metavar="KIND",
    help="Only events of this kind, such as job-refused; repeatable.",
)
@click.option("--session", metavar="HEX", help="Only events of this session.")
@click.option(
    "--person", is_flag=True, help="Only events of one person, whose name is prompted for."
)
@click.option("--since", type=_TIME, help="Only from this time on, in UTC.")
@click.option("--until", type=_TIME, help="Only before this time, in UTC.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print the entries in the form that was hashed."
)
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
    """Show the entries that match all given options."""
    place = LedgerLocation.of(ledger, keys, socket=socket)
    # Prompted for: other users see command lines, and shells store them.
    wanted = _pseudonym_of(place, click.prompt("Name")) if person else None
    _record_and_show(
        place,
        "search",
        [
            line
            for line in _between(place.store.snapshot(), since, until)
            if (not kinds or kind(line.entry.event) in kinds)
            and (session is None or details(line.entry.event).get("session") == session)
            and (wanted is None or wanted in details(line.entry.event).values())
        ],
        as_json=as_json,
    )


@click.command("prove")
@click.argument("index", type=click.IntRange(min=0))
@ledger_option
@keys_option
@socket_option
@click.option(
    "--output",
    type=FILE,
    required=True,
    metavar="FILE",
    help="File to write, such as 5.tlog-proof.",
)
def prove_command(
    *, index: int, ledger: Path | None, keys: Path | None, socket: Path | None, output: Path
) -> None:
    """Write an inclusion proof of the entry number INDEX.

    It proves that the entry is in the ledger, and reveals no other entry.
    """
    place = LedgerLocation.of(ledger, keys, socket=socket)
    store = place.store.snapshot()
    head = store.checkpoint(store.verifier())
    line = next(read_lines(store, head, index), None) if index < head.size else None
    if line is None or line.entry.seq != index:
        raise LedgerError(
            "The ledger does not have this entry, or no longer.",
            f"Choose one from {store.minimum()} to {head.size - 1}.",
        )
    _record_access(place, "prove", [line])
    _write(output, prove_entry(store, store.read(CHECKPOINT), line).encode())


@click.command("checkpoint")
@ledger_option
@keys_option
@anchor_option
@tpm_option
@click.option(
    "--output", type=FILE, metavar="FILE", help="File to write. [default: standard output]"
)
def print_checkpoint(
    *,
    ledger: Path | None,
    keys: Path | None,
    anchor: Path | None,
    tpm: str | None,
    output: Path | None,
) -> None:
    """Print the signed head of the ledger, to be kept elsewhere.

    With --tpm, increment the counter of the TPM and record it first: an older copy of the ledger
    can then be told from the newest.
    """
    place = LedgerLocation.of(ledger, keys, anchor)
    store = place.store
    if tpm is not None:
        anchor_in_tpm(store, place.recorder(), TpmCounter(tpm))
    store.checkpoint(store.verifier())
    note = store.read(CHECKPOINT)
    if output is None:
        click.echo(note.decode(), nl=False)
    else:
        _write(output, note)


@click.command("export")
@ledger_option
@keys_option
@anchor_option
@socket_option
@click.option("--output", type=FILE, required=True, metavar="DIR", help="Folder to create.")
@click.option("--since", type=_TIME, help="Only from this time on, in UTC.")
@click.option("--until", type=_TIME, help="Only before this time, in UTC.")
@click.option("--session", metavar="HEX", help="Only entries of this session and its releases.")
def export_bundle(
    *,
    ledger: Path | None,
    keys: Path | None,
    anchor: Path | None,
    socket: Path | None,
    output: Path,
    since: datetime | None,
    until: datetime | None,
    session: str | None,
) -> None:
    """Write entries as FHIR, ATNA, CSV and a printable report.

    The folder contains an inclusion proof of each entry; `appliance-verify` checks them.
    """
    place = LedgerLocation.of(ledger, keys, anchor, socket)
    if place.is_copy:
        raise LedgerError(
            "A bundle cannot be exported from a copy of a ledger: the export must be recorded.",
            "Run this on the appliance, or name the ledger's keys with --keys.",
        )
    outside = OutsideCheckpoint(place.anchor.load())
    store = place.store.snapshot()
    verifier = store.verifier()
    result = verify_snapshot(store, verifier, outside)
    lines = _between(store, since, until)
    if session is not None:
        lines = lines_of_session(lines, session)
    files = bundle_files(store, store.read(CHECKPOINT), lines, result)
    first, last = (lines[0].entry.seq, lines[-1].entry.seq) if lines else (0, 0)
    digest = sha256(files[SUMS]).hexdigest()
    receipt = place.log(LogExported(first, last, len(lines), digest))
    after = place.store.snapshot()
    head = after.checkpoint(verifier)
    line = next(read_lines(after, head, receipt.index))
    files[PROOF] = prove_entry(after, after.read(CHECKPOINT), line).encode()
    _write_folder(output, files)
    click.echo(f"{len(lines)} entries, {len(files)} files; recorded as entry {receipt.index}")


def _between(store: LedgerReader, since: datetime | None, until: datetime | None) -> list[LogLine]:
    """The entries from ``since`` on and before ``until``, both in UTC."""
    head = store.checkpoint(store.verifier())
    first = _milliseconds(since) if since else 0
    end = _milliseconds(until) if until else MAX_INTEGER
    return [line for line in read_lines(store, head) if first <= line.entry.at < end]


def _milliseconds(moment: datetime) -> int:
    return int(moment.replace(tzinfo=UTC).timestamp() * 1000)


def _pseudonym_of(place: LedgerLocation, name: str) -> str:
    if place.socket is None:
        return pseudonym(LedgerKeys.load(place.keys).pseudonym, "person", name.encode())
    client = AuditClient.connect(place.socket)
    try:
        return client.pseudonym("person", name.encode())
    finally:
        client.close()


def _record_and_show(
    place: LedgerLocation,
    how: Literal["show", "search"],
    lines: Sequence[LogLine],
    *,
    as_json: bool,
) -> None:
    """Record the access, then print ``lines``."""
    _record_access(place, how, lines)
    for line in lines:
        if as_json:
            click.echo(line.data)
            continue
        entry = line.entry
        fields = " ".join(f"{name}={value}" for name, value in details(entry.event).items())
        if words := in_words(entry.event):
            fields += f"  ({words})"
        title = labels(entry.event).title
        click.echo(f"{entry.seq:>8}  {instant(entry.at)}  {entry.by:<8}  {title:<20}  {fields}")


def _record_access(
    place: LedgerLocation, how: Literal["show", "search", "prove"], lines: Sequence[LogLine]
) -> None:
    if place.is_copy:
        click.echo("This is a copy of a ledger: the access is not recorded.", err=True)
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
            "The folder for the bundle cannot be created.",
            "Name one that does not exist yet, in a folder you may write to.",
        ) from error
    for name, data in files.items():
        _write(output / name, data)
