"""What is handed to an auditor: a folder that proves itself against the log's public key.

::

    report.html          to read and to print
    events.csv           the same as a table
    events.fhir.ndjson   the same as FHIR R4 AuditEvent
    entries.jsonl        the bytes that were hashed, one entry a line
    proofs.zip           N.tlog-proof for each entry: shows that one, without the rest
    log.vkey             the log's public key; compare it with the one you were given
    SHA256SUMS           the hashes of all these (sha256sum -c SHA256SUMS)
    bundle.tlog-proof    that the log says it gave out this SHA256SUMS

There is no second signature: handing out a bundle is itself an event, it carries the hash of
``SHA256SUMS``, and its proof ends in the log's signed checkpoint. So the key signs checkpoints and
nothing else, and no bundle leaves unseen.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from hashlib import sha256

from appliance.audit.entries.reader import LogLine
from appliance.audit.export.fhir import audit_event
from appliance.audit.export.report import html_report
from appliance.audit.export.table import csv_table
from appliance.audit.tlog.proofs import TlogProof, Tree
from appliance.audit.tlog.reader import VKEY, LedgerReader
from appliance.audit.verification.verify import Verification

SUMS = "SHA256SUMS"
PROOF = "bundle.tlog-proof"

# Zip's own time stamps would make two exports of the same entries differ.
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


def bundle_files(
    store: LedgerReader, note: bytes, lines: Sequence[LogLine], verification: Verification
) -> dict[str, bytes]:
    """All files but ``bundle.tlog-proof``, by name; ``note`` is the checkpoint they prove against.

    Raises ``LedgerError`` if the ledger lacks a tile that a proof needs.
    """
    vkey = store.read(VKEY)
    files = {
        "report.html": html_report(lines, verification, vkey.decode().strip()).encode(),
        "events.csv": csv_table(lines),
        "events.fhir.ndjson": b"".join(
            audit_event(line, verification.origin) + b"\n" for line in lines
        ),
        "entries.jsonl": b"".join(line.data + b"\n" for line in lines),
        "proofs.zip": _proofs(store, note, lines, verification.size),
        VKEY: vkey,
    }
    return {**files, SUMS: checksum_list(files)}


def checksum_list(files: Mapping[str, bytes]) -> bytes:
    """As sha256sum(1) writes and reads it."""
    return "".join(
        f"{sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items())
    ).encode()


def prove_entry(store: LedgerReader, note: bytes, size: int, line: LogLine) -> TlogProof:
    """The proof of one entry in the log of ``size`` entries whose checkpoint is ``note``."""
    path = Tree(store, size).inclusion(line.entry.seq)
    return TlogProof(line.data, line.entry.seq, tuple(path), note)


def _proofs(store: LedgerReader, note: bytes, lines: Sequence[LogLine], size: int) -> bytes:
    tree = Tree(store, size)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for line in lines:
            index = line.entry.seq
            proof = TlogProof(line.data, index, tuple(tree.inclusion(index)), note)
            member = zipfile.ZipInfo(f"{index}.tlog-proof", _ZIP_EPOCH)
            archive.writestr(member, proof.encode(), zipfile.ZIP_DEFLATED)
    return packed.getvalue()
