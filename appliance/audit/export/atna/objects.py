"""What an event is about: the participating objects of a message, by pseudonym and hash."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from appliance.audit.entries.entry import Entry
from appliance.audit.export.labels import DICOM, PEOPLE, Code, details, kind, labels
from appliance.audit.export.simulations import in_words

# Type and role of an object (PS3.15, A.5.1.2.2).
_PERSON, _SYSTEM = "1", "2"
_PATIENT, _REPORT, _SECURITY_RESOURCE, _JOB = "1", "3", "13", "20"

_PATIENT_NUMBER = Code("RFC-3881", "2", "Patient Number")
_ADDRESS = Code("RFC-3881", "12", "URI")
_OWN: Final = "urn:face-appliance"
_SESSION = Code(f"{_OWN}:object", "session", "Session")
_HASH = Code(f"{_OWN}:object", "sha-256", "SHA-256 of a file")
_LEAF = Code(f"{_OWN}:object", "leaf-hash", "Hash of an entry of the ledger")
_LOG_NAME = "Security Audit Log"  # PS3.15, A.5.3.2

_FILES = {
    "result": "Result",
    "picture": "Picture",
    "copy": "Copy that leaves",
    "photo": "Photo that was changed",
    "bundle": "Bundle of entries",
}
_SETTINGS = {"policy": "Policy", "pack": "Model pack", "image": "System image"}
# Stages of the life of a record (PS3.15, A.5.1.2.3), by code of the event.
_STAGES = {
    "110101": "6",
    "110106": "10",
    "110107": "2",
    "access": "6",
    "attest": "4",
    "destroy": "15",
    "receive": "2",
    "transform": "8",
    "verify": "4",
}


@dataclass(frozen=True, slots=True)
class ParticipantObject:
    """``identifier``, of ``kind``; ``stage``: of its life, "" where none fits."""

    kind: Code
    identifier: str
    name: str
    type_: str
    role: str
    stage: str = ""
    details: Mapping[str, str] = field(default_factory=dict)


def objects(entry: Entry, leaf: str, origin: str, patient: str) -> Iterator[ParticipantObject]:
    """Those of ``entry``, whose hash in the log named ``origin`` is ``leaf``.

    ``patient``: the pseudonym of whom its session is about, "" where that is not known. The last
    object is the entry itself, with every field of it.
    """
    event = entry.event
    fields = details(event)
    code = labels(event).code
    stage = _STAGES.get(code.code, "")
    if patient:
        yield ParticipantObject(_PATIENT_NUMBER, patient, "pseudonym", _PERSON, _PATIENT)
    if (code.system, code.code) == (DICOM, "110101"):
        yield ParticipantObject(_ADDRESS, origin, _LOG_NAME, _SYSTEM, _SECURITY_RESOURCE, stage)
    if "session" in fields:
        yield ParticipantObject(_SESSION, fields["session"], "session", _SYSTEM, _JOB, stage)
    for names, role in ((_FILES, _REPORT), (_SETTINGS, _SECURITY_RESOURCE)):
        for name, title in names.items():
            if name in fields:
                yield ParticipantObject(_HASH, fields[name], title, _SYSTEM, role, stage)
    said = {name: value for name, value in fields.items() if value and name not in PEOPLE}
    if words := in_words(event):
        said["in_words"] = words
    yield ParticipantObject(_LEAF, leaf, kind(event), _SYSTEM, _SECURITY_RESOURCE, details=said)
