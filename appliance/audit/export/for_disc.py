"""The audit record of what a disc holds, for the platform of the hospital that receives it.

::

    audit/README.txt     what the files are, and how to check and take them in
    audit/fhir.json      the entries as FHIR R4 AuditEvent, in a Bundle that a server takes
    audit/atna.xml       the same as DICOM audit messages, as IHE's ATNA collects them
    audit/entries.jsonl  the bytes that were hashed, one entry a line
    audit/proofs.zip     N.tlog-proof for each entry
    audit/log.vkey       the log's public key; compare it with the one you were given
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from appliance.audit.entries import canonical
from appliance.audit.entries.reader import LogLine
from appliance.audit.export.atna.message import audit_messages
from appliance.audit.export.bundle import packed_proofs
from appliance.audit.export.fhir import audit_batch
from appliance.audit.tlog.proofs import TlogProof
from appliance.audit.tlog.signed_note import Verifier

_README = """\
What the audit log recorded about the session and the releases on this disc.

People, patients and imported files are pseudonyms, other files hashes. There is no name here.

fhir.json      {count} HL7 FHIR R4 AuditEvents in a batch, to be posted to a server as it is:
                 curl -H 'Content-Type: application/fhir+json' -d @fhir.json https://SERVER/fhir
atna.xml       the same as DICOM audit messages (PS3.15, A.5; IHE ATNA, ITI-20). Each line but the
               first and the last is one message, for one syslog message with the id DICOM+RFC3881:
                 sed '1d;$d' atna.xml | logger --server SERVER --tcp --port 6514 --rfc5424 \\
                   --octet-count --msgid DICOM+RFC3881 --size 32768
               Over a network ATNA asks for TLS, which needs a relay in front of this.
entries.jsonl  the entries as they were hashed, one on a line
proofs.zip     a C2SP tlog-proof for each entry, N.tlog-proof for the entry N. The program at the
               root of the disc checks one, such as {first}:
                 unzip proofs.zip {first}.tlog-proof -d /tmp
                 python3 ../appliance-verify.py /tmp/{first}.tlog-proof --key log.vkey
log.vkey       the public key of the log. Compare it with the key that the site gave you: whoever
               changes this disc can change this file too.

These entries are those up to the moment at which the disc was written. What happened later, such
as the erasure of the session, is in the log itself.
"""


def audit_files(proofs: Sequence[TlogProof], vkey: str) -> Mapping[str, bytes]:
    """The content of every file by its path on the disc, from proofs of the entries.

    ``proofs``: of the entries, in their order. ``vkey``: the log's public key. Raises
    ``LedgerError`` if an entry is of no known form.
    """
    lines = [LogLine(canonical.decode(proof.entry), proof.entry) for proof in proofs]
    origin = Verifier.parse(vkey).name
    first = lines[0].entry.seq if lines else 0
    return {
        "audit/README.txt": _README.format(count=len(lines), first=first).encode(),
        "audit/fhir.json": audit_batch(lines, origin),
        "audit/atna.xml": audit_messages(lines, origin),
        "audit/entries.jsonl": b"".join(line.data + b"\n" for line in lines),
        "audit/proofs.zip": packed_proofs(proofs),
        "audit/log.vkey": f"{vkey}\n".encode(),
    }
