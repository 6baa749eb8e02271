"""``appliance session``: lists sessions and writes certificates of erasure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from appliance.audit.entries.entry import Entry
from appliance.audit.entries.events import (
    SessionClosed,
    SessionOpened,
    SessionWiped,
    WorkspaceErased,
)
from appliance.audit.entries.reader import LogLine, read_lines
from appliance.audit.export.bundle import prove_entry
from appliance.audit.export.certificate.facts import Certificate
from appliance.audit.export.certificate.facts import erasure_certificate as facts_of
from appliance.audit.export.certificate.html import as_html
from appliance.audit.tlog.reader import CHECKPOINT
from appliance.cli.framework.ledger_location import LedgerLocation, ledger_option
from appliance.cli.framework.options import FILE, json_option, overwrite_option
from appliance.cli.framework.output import print_json, print_pairs
from appliance.errors import OutputError, SessionError
from appliance.files.output import PendingOutput
from appliance.protocols import broker_api
from appliance.wire.client import Client
from appliance.wire.message import Empty

_BROKER = Path("/run/appliance/session.sock")


@click.group()
def session() -> None:
    """List sessions, and write the certificate of an erased one."""


@session.command("list")
@click.option(
    "--socket",
    type=FILE,
    default=_BROKER,
    metavar="PATH",
    help="Socket of the broker. [default: that of the appliance]",
)
@json_option
def list_sessions(*, socket: Path, as_json: bool) -> None:
    """List the open sessions and their states; root sees their ids, others their slots."""
    client = Client.to(socket)
    try:
        found, _ = client.call(f"{broker_api.NAME}.List", Empty(), gives=broker_api.Sessions)
    finally:
        client.close()
    if as_json:
        print_json(found)
    else:
        listed = [(one.session or one.slot, one.state) for one in found.sessions]
        print_pairs(listed or [("sessions", "none")])


@session.command()
@click.argument("identifier", metavar="SESSION")
@ledger_option
@click.option(
    "--output", type=FILE, required=True, metavar="FILE", help="File to write: .html or .pdf."
)
@overwrite_option
def certificate(*, identifier: str, ledger: Path | None, output: Path, overwrite: bool) -> None:
    """Write the certificate of erasure of SESSION.

    Its QR code contains the proof that the erasure is recorded in the signed ledger.
    """
    print_as = _printer(output)
    store = LedgerLocation.of(ledger).store.snapshot()
    verifier = store.verifier()
    head = store.checkpoint(verifier)
    closed: Entry | None = None
    training = False
    wiped: LogLine | None = None
    measured: dict[str, Entry] = {}
    for line in read_lines(store, head):
        event = line.entry.event
        if isinstance(event, SessionOpened) and event.session == identifier:
            training = event.purpose == "training"
        elif isinstance(event, SessionClosed) and event.session == identifier:
            closed = line.entry
        elif isinstance(event, SessionWiped) and event.session == identifier:
            wiped = line
        elif isinstance(event, WorkspaceErased) and event.failed is None:
            measured[event.key] = line.entry
    if closed is None or wiped is None or not isinstance(wiped.entry.event, SessionWiped):
        raise SessionError(
            "The ledger has no record that this session was erased.",
            "List the sessions it has with `appliance audit search --kind session-wiped`.",
        )
    proof = prove_entry(store, store.read(CHECKPOINT), wiped)
    record = measured.get(wiped.entry.event.key)
    with PendingOutput(output, overwrite=overwrite) as result:
        facts = facts_of(closed, wiped.entry, record, proof, verifier.vkey, training=training)
        result.file.write(print_as(facts))
        result.commit()


def _printer(output: Path) -> Callable[[Certificate], bytes]:
    """The function that renders a certificate for a file of this name. Raises ``OutputError``."""
    kind = output.suffix.lower()
    if kind == ".html":
        return as_html
    if kind == ".pdf":
        # Imported here: it takes a quarter of a second and no other command needs it.
        from appliance.audit.export.certificate.pdf import as_pdf  # noqa: PLC0415

        return as_pdf
    raise OutputError(
        "A certificate is HTML or PDF.", "Let the output's name end in .html or .pdf."
    )
