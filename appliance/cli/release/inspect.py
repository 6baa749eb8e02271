"""``appliance release inspect``: what a file carries, what is known of it, whether all agrees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal, TypeAlias

import click
import msgspec

from appliance.cli.framework.options import FILE, json_option
from appliance.cli.framework.output import LabelledValue, print_json, print_pairs
from appliance.cli.process.input_files import open_input
from appliance.cli.process.isolated_inspection import inspect_isolated
from appliance.cli.release.tracing import (
    Proof,
    proof_in_ledger,
    proof_on_disc,
    record_on_disc,
)
from appliance.errors import ReleaseError
from appliance.files.digest import sha256_of
from appliance.release.inspection import FileInspection, FoundMark, Kind
from appliance.release.keys import WATERMARK_KEY, read_anchors, read_watermark_key
from appliance.release.provenance.reading import Verdict
from appliance.release.record import ReleaseRecord

Disagreement: TypeAlias = Literal[
    "not-a-release",
    "label-missing",
    "label-number",
    "watermark-missing",
    "watermark-number",
    "record-missing",
    "record-copy",
    "record-number",
    "record-engine",
    "proof-missing",
    "proof-copy",
    "proof-engine",
    "proof-result",
]

_STATES = {
    "trusted": "trusted: an anchor vouches for it, and no byte was changed",
    "valid": "whole, but signed by somebody whom no anchor vouches for",
    "invalid": "changed or damaged since it was signed",
    "none": "none",
}
_IN_WORDS: Mapping[Disagreement, str] = MappingProxyType(
    {
        "not-a-release": "its provenance states no number of a release",
        "label-missing": "it lacks the label that programs read",
        "label-number": "its label has another number than its provenance",
        "watermark-missing": "no number was found in its pixels",
        "watermark-number": "its pixels have another number than its provenance",
        "record-missing": "the list of the disc does not name it",
        "record-copy": "the list of the disc has another file under this number",
        "record-number": "the list of the disc has this file under another number",
        "record-engine": "the list of the disc names another engine",
        "proof-missing": "the ledger has no release of this number",
        "proof-copy": "the ledger has no such copy under this number",
        "proof-engine": "the ledger names another engine",
        "proof-result": "the ledger has another result than the list of the disc",
    }
)


class Inspection(msgspec.Struct, frozen=True):
    """All that was found. ``copy``: SHA-256 of the file, or of the JPEG in DICOM.

    ``watermark``, ``record`` and ``proof`` are ``None`` where nobody asked for them, or there is
    none; then ``disagreements`` says so. ``sound``: it is trusted, and nothing disagrees.
    """

    kind: Kind
    copy: str
    sound: bool
    trusted: bool
    provenance: Verdict
    label: dict[str, str] | None
    watermark: FoundMark | None
    record: ReleaseRecord | None
    proof: Proof | None
    disagreements: tuple[Disagreement, ...]


@click.command("inspect")
@click.argument("file", type=FILE)
@click.option(
    "--anchor",
    "anchors",
    type=FILE,
    metavar="FILE",
    help="Certificates that are trusted (PEM), or the folder that `release keys` made. "
    "[default: that of --keys]",
)
@click.option(
    "--keys",
    type=FILE,
    metavar="DIR",
    help="Folder that `release keys` made: look for the number in the pixels as well.",
)
@click.option(
    "--watermark-key", type=FILE, metavar="FILE", help="The key of watermarks alone, for the same."
)
@click.option(
    "--disc",
    type=FILE,
    metavar="DIR",
    help="The disc or exported folder that it came on: its signed list, and its proofs.",
)
@click.option("--ledger", type=FILE, metavar="DIR", help="The site's ledger: the proof in it.")
@click.option(
    "--log-key",
    metavar="VKEY",
    help="Public key to verify proofs with. [default: log.vkey in the ledger, or the disc's list]",
)
@json_option
def inspect_release(
    *,
    file: Path,
    anchors: Path | None,
    keys: Path | None,
    watermark_key: Path | None,
    disc: Path | None,
    ledger: Path | None,
    log_key: str | None,
    as_json: bool,
) -> None:
    """Print what a file carries and what is known of it, and whether it is trusted.

    The exit code is 0 only if it is trusted and nothing disagrees. Visible words are not looked
    for.
    """
    named = anchors or keys
    if named is None:
        raise ReleaseError(
            "Nothing says whom to trust.", "Name the site's certificate with --anchor, or --keys."
        )
    trusted = read_anchors(named)
    mark_file = watermark_key or (None if keys is None else keys / WATERMARK_KEY)
    mark_key = None if mark_file is None else read_watermark_key(mark_file)
    with open_input(file, "The file") as opened:
        found = inspect_isolated(opened, trusted, mark_key)
        copy = found.inside or sha256_of(opened)
    number = found.provenance.number
    record = proof = None
    problems = [*_in_file(found)]
    if disc is not None:
        listed, record = record_on_disc(disc, trusted, copy, number)
        problems += _with_record(found, record, copy)
        vkey = log_key or (listed.ledger.vkey if listed.ledger else None)
        if ledger is None and number is not None and vkey is not None:
            proof = proof_on_disc(disc, vkey, number, copy)
            problems += _with_proof(found, proof, record)
    if ledger is not None and number is not None:
        proof = proof_in_ledger(ledger, log_key, number, copy)
        problems += _with_proof(found, proof, record)
    inspection = Inspection(
        found.kind,
        copy,
        found.trusted and not problems,
        found.trusted,
        found.provenance,
        found.label,
        found.watermark,
        record,
        proof,
        tuple(problems),
    )
    if as_json:
        print_json(inspection)
    else:
        print_pairs(_pairs(inspection))
    _judge(inspection)


def _judge(inspection: Inspection) -> None:
    """Raises ``ReleaseError`` unless the file is sound."""
    hint = "Do not rely on it; ask the site that sent it for the file that was released."
    if not inspection.trusted:
        raise ReleaseError("The provenance of this file is not trusted.", hint)
    if inspection.disagreements:
        raise ReleaseError("What this file carries does not agree with what is known of it.", hint)


def _in_file(found: FileInspection) -> Iterator[Disagreement]:
    """What disagrees within a file that is signed."""
    number = found.provenance.number
    if found.provenance.state == "none":
        return
    if number is None:
        yield "not-a-release"
    if found.label is None:
        yield "label-missing"
    elif found.label.get("ProduceID") != str(number):
        yield "label-number"
    if found.watermark is not None and found.watermark.number is None:
        yield "watermark-missing"
    elif found.watermark is not None and found.watermark.number != number:
        yield "watermark-number"


def _with_record(
    found: FileInspection, record: ReleaseRecord | None, copy: str
) -> Iterator[Disagreement]:
    if record is None:
        yield "record-missing"
        return
    if record.copy != copy:
        yield "record-copy"
    if record.number != found.provenance.number:
        yield "record-number"
    if record.engine != found.provenance.engine:
        yield "record-engine"


def _with_proof(
    found: FileInspection, proof: Proof | None, record: ReleaseRecord | None
) -> Iterator[Disagreement]:
    if proof is None:
        yield "proof-missing"
        return
    if proof.copy is None:
        yield "proof-copy"
    elif proof.engine != found.provenance.engine:
        yield "proof-engine"
    if record is not None and record.result != proof.result:
        yield "proof-result"


def _pairs(found: Inspection) -> Iterator[LabelledValue]:
    said = found.provenance
    yield "file", found.kind.upper()
    yield "provenance", _STATES[said.state]
    if said.number:
        yield "release", str(said.number)
    if said.engine:
        yield "engine", said.engine
    if said.source:
        yield "source type", said.source
    yield from (("problem", code) for code in said.problems)
    yield "label", "GB 45438-2025" if found.label else "none"
    if found.watermark:
        mark = found.watermark
        yield "watermark", "none found" if mark.number is None else f"release {mark.number}"
    if found.record:
        yield "list of the disc", f"release {found.record.number}"
    if found.proof:
        how = {"approved": "approved by a second person", "begun": "no second person was asked"}
        yield "ledger", f"proved: {how[found.proof.how]}"
    yield from (("disagrees", _IN_WORDS[one]) for one in found.disagreements)
