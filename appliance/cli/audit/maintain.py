"""``appliance audit cosign|prune``: what is done to a ledger from time to time."""

from __future__ import annotations

import time
from pathlib import Path

import click

from appliance.audit.entries.record import Now
from appliance.audit.tlog.anchor import FileAnchor
from appliance.audit.tlog.appender import as_ledger_error
from appliance.audit.tlog.reader import Store
from appliance.audit.tlog.signed_note import COSIGNATURE, Signer, Verifier
from appliance.audit.verification.retention import prune as drop
from appliance.audit.verification.witness import accept
from appliance.audit.verification.witness import cosign as sign
from appliance.cli.framework.basic_options import FILE
from appliance.cli.framework.ledger_location import (
    LedgerLocation,
    anchor_option,
    keys_option,
    ledger_option,
)
from appliance.cli.framework.output import print_pairs
from appliance.errors import LedgerError
from appliance.files.atomic import publish
from appliance.policy.load import load
from appliance.policy.policy import EMBEDDED

_KEY = "witness.skey"
_SEEN = "seen"


@click.command()
@ledger_option
@keys_option
@anchor_option
@click.option("--witness", type=FILE, metavar="DIR", help="Folder of the witness: key and memory.")
@click.option("--name", metavar="NAME", help="Make a new witness of this name in that folder.")
@click.option("--output", type=FILE, metavar="FILE", help="Where the cosigned checkpoint goes.")
@click.option("--accept", "cosigned", type=FILE, metavar="FILE", help="Take one back.")
@click.option("--witness-key", metavar="VKEY", help="Of the witness that signed it.")
def cosign_checkpoint(
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
    """Vouch for the growth of a ledger, as its witness.

    The witness, on a machine of its own, with a copy of the ledger:
    --witness DIR --output FILE (the first time with --name, which makes its key).

    The appliance, with what came back: --accept FILE --witness-key VKEY.
    """
    place = LedgerLocation.of(ledger, keys, anchor)
    if cosigned is not None and witness_key is not None:
        store = place.store.snapshot()
        note = _read(cosigned)
        event = accept(store, store.verifier(), Verifier.parse(witness_key), note)
        receipt = place.recorder().record([("audit", event)])[0]
        click.echo(f"{event.size} entries are vouched for; logged as entry {receipt.index}")
    elif witness is not None and output is not None:
        _witness(place, witness, name, output)
    else:
        raise click.UsageError("Give --witness and --output, or --accept and --witness-key.")


def _witness(place: LedgerLocation, folder: Path, name: str | None, output: Path) -> None:
    if name is not None:
        _make_witness(folder, name)
    witness = Signer.parse(_read(folder / _KEY).decode("ascii", "replace").removesuffix("\n"))
    memory = FileAnchor(folder / _SEEN)
    store = place.store.snapshot()
    log = store.verifier()
    note = sign(store, log, witness, memory.load(), int(time.time()))
    try:
        # Remembered before it is given out: a witness that forgets signs twice.
        memory.save(note)
        publish(output.parent, {output.name: note})
    except OSError as error:
        raise as_ledger_error(error) from error
    print_pairs([("log", log.name), ("witness", witness.verifier.vkey)])


def _make_witness(folder: Path, name: str) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if (folder / _KEY).exists():
            raise LedgerError(
                "This folder has a witness already.", "Leave --name away to sign as that one."
            )
        skey = Signer.generate(name, COSIGNATURE).skey
        publish(folder, {_KEY: f"{skey}\n".encode()}, mode=0o600)
    except OSError as error:
        raise as_ledger_error(error) from error


def _read(path: Path) -> bytes:
    data = Store(path.parent).find(path.name)
    if data is None:
        raise LedgerError("The file that was named does not exist.", "Check how it is spelt.")
    return data


@click.command()
@ledger_option
@keys_option
@anchor_option
@click.option("--policy", type=FILE, metavar="FILE", help="Keep what it says. [default: 183 days]")
@click.option("--days", type=int, metavar="N", help="Keep more than that.")
def prune_entries(
    *,
    ledger: Path | None,
    keys: Path | None,
    anchor: Path | None,
    policy: Path | None,
    days: int | None,
) -> None:
    """Drop entries that are older than the policy keeps, in whole tiles of 256."""
    place = LedgerLocation.of(ledger, keys, anchor)
    least = (load(policy) if policy else EMBEDDED).audit.retention_days
    minimum = drop(place.ledger, place.recorder(), days or least, Now.read(), least=least)
    click.echo(f"entries from {minimum} on are kept")
