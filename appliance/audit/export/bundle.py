"""What an auditor gets: a folder that can be checked against the log's public key alone.

::

    report.html          to read and to print
    events.csv           the same as a table
    events.fhir.ndjson   the same as FHIR R4 AuditEvent
    events.atna.xml      the same as DICOM audit messages, as IHE's ATNA collects them
    entries.jsonl        the bytes that were hashed, one entry a line
    proofs.zip           N.tlog-proof for each entry: shows that one, without the rest
    log.vkey             the log's public key; compare it with the one you were given
    SHA256SUMS           the hashes of all these (sha256sum -c SHA256SUMS)
    bundle.tlog-proof    proves that the log recorded the export of this SHA256SUMS

There is no second signature. The export is itself an event, which carries the hash of
``SHA256SUMS``, and its proof ends in the log's signed checkpoint. So the key signs checkpoints
only, and no bundle leaves without a record.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from hashlib import sha256

from appliance.audit.entries.reader import LogLine
from appliance.audit.export.atna.message import audit_messages
from appliance.audit.export.fhir import audit_event
from appliance.audit.export.report import html_report
from appliance.audit.export.table import csv_table
from appliance.audit.tlog.proofs import EntryProver, TlogProof
from appliance.audit.tlog.reader import VKEY, LedgerReader
from appliance.audit.verification.verify import Verification

SUMS = "SHA256SUMS"
PROOF = "bundle.tlog-proof"

# Zip's own time stamps would make two exports of the same entries differ.
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


def bundle_files(
    reader: LedgerReader, note: bytes, lines: Sequence[LogLine], verification: Verification
) -> dict[str, bytes]:
    """All files except ``bundle.tlog-proof``, by name, with proofs against the checkpoint ``note``.

    Raises ``LedgerError`` if a tile that a proof needs is missing or damaged.
    """
    vkey = reader.read(VKEY)
    files = {
        "report.html": html_report(lines, verification, vkey.decode().strip()).encode(),
        "events.csv": csv_table(lines),
        "events.fhir.ndjson": b"".join(
            audit_event(line, verification.origin) + b"\n" for line in lines
        ),
        "events.atna.xml": audit_messages(lines, verification.origin),
        "entries.jsonl": b"".join(line.data + b"\n" for line in lines),
        "proofs.zip": packed_proofs(prove_entries(reader, note, lines)),
        VKEY: vkey,
    }
    return {**files, SUMS: checksum_list(files)}


def checksum_list(files: Mapping[str, bytes]) -> bytes:
    """The SHA-256 of each file, in the format of sha256sum(1)."""
    return "".join(
        f"{sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items())
    ).encode()


def prove_entry(reader: LedgerReader, note: bytes, line: LogLine) -> TlogProof:
    """The proof of one entry in the log whose checkpoint is ``note``.

    Raises ``LedgerError`` if a tile that it needs is missing or damaged.
    """
    return EntryProver(reader, note).prove(line.entry.seq, line.data)


def prove_entries(reader: LedgerReader, note: bytes, lines: Sequence[LogLine]) -> list[TlogProof]:
    """The proof of each of ``lines`` in the log whose checkpoint is ``note``.

    Raises ``LedgerError`` if a tile that they need is missing or damaged.
    """
    prover = EntryProver(reader, note)
    return [prover.prove(line.entry.seq, line.data) for line in lines]


def packed_proofs(proofs: Sequence[TlogProof]) -> bytes:
    """A zip file with ``N.tlog-proof`` for each of ``proofs``."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for proof in proofs:
            member = zipfile.ZipInfo(f"{proof.index}.tlog-proof", _ZIP_EPOCH)
            archive.writestr(member, proof.encode(), zipfile.ZIP_DEFLATED)
    return packed.getvalue()
