"""``appliance audit cosign|prune``: periodic maintenance of a ledger."""

from __future__ import annotations

import time
from pathlib import Path

import click

from appliance.audit.entries.recorder import ClockReading
from appliance.audit.tlog.anchor import FileAnchor
from appliance.audit.tlog.appender import as_ledger_error
from appliance.audit.tlog.reader import LedgerReader
from appliance.audit.tlog.signed_note import COSIGNATURE, Signer, Verifier
from appliance.audit.verification.retention import prune_ledger
from appliance.audit.verification.witness import accept_cosignature, cosign_checkpoint
from appliance.cli.framework.basic_options import FILE
from appliance.cli.framework.ledger_location import (
    LedgerLocation,
    anchor_option,
    keys_option,
    ledger_option,
)
from appliance.cli.framework.output import print_pairs
from appliance.cli.framework.usage_errors import PrivateUsageError
from appliance.errors import LedgerError
from appliance.files.atomic import publish
from appliance.policy.load import load
from appliance.policy.policy import EMBEDDED

_KEY = "witness.skey"
_SEEN = "seen"


@click.command("cosign")
@ledger_option
@keys_option
@anchor_option
@click.option(
    "--witness", type=FILE, metavar="DIR", help="Folder with the key and state of the witness."
)
@click.option("--name", metavar="NAME", help="Create a new witness of this name in that folder.")
@click.option(
    "--output", type=FILE, metavar="FILE", help="File to write the cosigned checkpoint to."
)
@click.option(
    "--accept", "cosigned", type=FILE, metavar="FILE", help="Cosigned checkpoint to record."
)
@click.option("--witness-key", metavar="VKEY", help="Public key of the witness that cosigned it.")
def cosign_command(
    *,
    ledger: Path | None,
    keys: Path | None,
    anchor: Path | None,
    witness: Path | None,
    name: str | None,
    output: Path | None,
    cosigned: Path | None,
    witness_key: str | None,
) -> None:
    """Cosign the checkpoint of a ledger, or record a cosignature.

    On the witness's machine, with a copy of the ledger: --witness DIR --output FILE. The first
    time also --name, which creates the key of the witness.

    On the appliance, with the cosigned checkpoint: --accept FILE --witness-key VKEY.
    """
    place = LedgerLocation.of(ledger, keys, anchor)
    if cosigned is not None and witness_key is not None:
        store = place.store.snapshot()
        note = _read(cosigned)
        event = accept_cosignature(store, store.verifier(), Verifier.parse(witness_key), note)
        receipt = place.recorder().record([("audit", event)])[0]
        click.echo(f"{event.size} entries are cosigned; recorded as entry {receipt.index}")
    elif witness is not None and output is not None:
        _witness(place, witness, name, output)
    else:
        raise PrivateUsageError("Give --witness and --output, or --accept and --witness-key.")


def _witness(place: LedgerLocation, folder: Path, name: str | None, output: Path) -> None:
    if name is not None:
        _make_witness(folder, name)
    witness = Signer.parse(_read(folder / _KEY).decode("ascii", "replace").removesuffix("\n"))
    state = FileAnchor(folder / _SEEN)
    store = place.store.snapshot()
    log = store.verifier()
    note = cosign_checkpoint(store, log, witness, state.load(), int(time.time()))
    try:
        # Saved before it is published: a witness that forgets may sign two histories.
        state.save(note)
        publish(output.parent, {output.name: note})
    except OSError as error:
        raise as_ledger_error(error) from error
    print_pairs([("log", log.name), ("witness", witness.verifier.vkey)])


def _make_witness(folder: Path, name: str) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if (folder / _KEY).exists():
            raise LedgerError(
                "This folder has a witness already.", "Omit --name to sign with its key."
            )
        skey = Signer.generate(name, COSIGNATURE).skey
        publish(folder, {_KEY: f"{skey}\n".encode()}, mode=0o600)
    except OSError as error:
        raise as_ledger_error(error) from error


def _read(path: Path) -> bytes:
    data = LedgerReader(path.parent).find(path.name)
    if data is None:
        raise LedgerError("The file does not exist.", "Check the spelling of its name.")
    return data


@click.command("prune")
@ledger_option
@keys_option
@anchor_option
@click.option(
    "--policy",
    type=FILE,
    metavar="FILE",
    help="Policy whose audit.retention_days to keep. [default: 183 days]",
)
@click.option("--days", type=int, metavar="N", help="Keep more days than the policy requires.")
def prune_entries(
    *,
    ledger: Path | None,
    keys: Path | None,
    anchor: Path | None,
    policy: Path | None,
    days: int | None,
) -> None:
    """Delete entries older than the policy requires.

    They are deleted in whole tiles of 256 entries.
    """
    place = LedgerLocation.of(ledger, keys, anchor)
    least = (load(policy) if policy else EMBEDDED).audit.retention_days
    minimum = prune_ledger(
        place.ledger, place.recorder(), days or least, ClockReading.read(), least=least
    )
    click.echo(f"entries are kept from number {minimum}")
