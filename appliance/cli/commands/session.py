"""``appliance session``: the sessions of this appliance, and the certificates of their ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from appliance.audit.entries.events import Entry, SessionClosed, SessionWiped
from appliance.audit.entries.reader import Line, read_lines
from appliance.audit.export.bundle import prove
from appliance.audit.export.certificate.facts import Certificate
from appliance.audit.export.certificate.facts import certificate as facts_of
from appliance.audit.export.certificate.html import as_html
from appliance.audit.tlog.reader import CHECKPOINT
from appliance.cli.framework.ledger_location import LedgerLocation, ledger_option
from appliance.cli.framework.options import FILE, json_option, overwrite_option
from appliance.cli.framework.output import print_json, print_pairs
from appliance.errors import OutputError, SessionError
from appliance.pipeline.media.output import PendingOutput
from appliance.session import interface
from appliance.wire.client import Client
from appliance.wire.message import Nothing

_BROKER = Path("/run/appliance/session.sock")


@click.group()
def session() -> None:
    """List sessions; print the certificate of one that was erased."""


@session.command("list")
@click.option(
    "--socket", type=FILE, default=_BROKER, metavar="PATH", help="Where the broker listens."
)
@json_option
def list_sessions(*, socket: Path, as_json: bool) -> None:
    """Say which sessions are open, and in which state."""
    client = Client.to(socket)
    try:
        found, _ = client.call(f"{interface.NAME}.List", Nothing(), gives=interface.Sessions)
    finally:
        client.close()
    if as_json:
        print_json(found)
    else:
        print_pairs([(one.session, one.state) for one in found.sessions] or [("sessions", "none")])


@session.command()
@click.argument("identifier", metavar="SESSION")
@ledger_option
@click.option("--output", type=FILE, required=True, metavar="FILE", help="Ends in .html or .pdf.")
@overwrite_option
def certificate(*, identifier: str, ledger: Path | None, output: Path, overwrite: bool) -> None:
    """Write the certificate of erasure of SESSION, to keep or to print.

    Its QR code holds the proof that the erasure stands in the signed log.
    """
    print_as = _printer(output)
    store = LedgerLocation.of(ledger).store.snapshot()
    verifier = store.verifier()
    head = store.checkpoint(verifier)
    closed: Entry | None = None
    wiped: Line | None = None
    for line in read_lines(store, head):
        event = line.entry.event
        if isinstance(event, SessionClosed) and event.session == identifier:
            closed = line.entry
        elif isinstance(event, SessionWiped) and event.session == identifier:
            wiped = line
    if closed is None or wiped is None:
        raise SessionError(
            "The ledger knows of no such session that was erased.",
            "See `appliance audit search` for the sessions that it knows.",
        )
    proof = prove(store, store.read(CHECKPOINT), head.size, wiped)
    with PendingOutput(output, overwrite=overwrite) as result:
        result.file.write(print_as(facts_of(closed, wiped.entry, proof, verifier.vkey)))
        result.commit()


def _printer(output: Path) -> Callable[[Certificate], bytes]:
    """What makes a file of this name."""
    kind = output.suffix.lower()
    if kind == ".html":
        return as_html
    if kind == ".pdf":
        # Imported here: it takes a quarter of a second, and no other command wants it.
        from appliance.audit.export.certificate.pdf import as_pdf  # noqa: PLC0415

        return as_pdf
    raise OutputError("A certificate is HTML or PDF.", "Name a file that ends in .html or .pdf.")
