"""Entries as HL7 FHIR R4 AuditEvent resources: each as one line of JSON, or all in one batch.

https://hl7.org/fhir/R4/auditevent.html. As in the log, people and patients are pseudonyms and files
are hashes; nothing is added.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec

from appliance.audit.entries.entry import Entry
from appliance.audit.entries.reader import LogLine
from appliance.audit.export.labels import (
    PEOPLE,
    Code,
    details,
    kind,
    labels,
)
from appliance.audit.export.simulations import in_words
from appliance.audit.tlog.merkle import hash_leaf

_OWN = "urn:face-appliance"
_SUCCESS, _MINOR_FAILURE = "0", "4"
_SOURCE_TYPE = Code(
    "http://terminology.hl7.org/CodeSystem/security-source-type", "4", "Application Server"
)


def audit_event(line: LogLine, origin: str) -> bytes:
    """The resource for ``line`` of the log named ``origin``, without a newline."""
    return msgspec.json.encode(_resource(line.entry, hash_leaf(line.data).hex(), origin))


def audit_batch(lines: Iterable[LogLine], origin: str) -> bytes:
    """All of ``lines`` in one Bundle, which a server takes at its base address as a batch."""
    return msgspec.json.encode(
        {
            "resourceType": "Bundle",
            "type": "batch",
            "entry": [
                {
                    "resource": _resource(line.entry, hash_leaf(line.data).hex(), origin),
                    "request": {"method": "POST", "url": "AuditEvent"},
                }
                for line in lines
            ],
        }
    )


def _resource(entry: Entry, leaf: str, origin: str) -> dict[str, Any]:
    label = labels(entry.event)
    subtypes = [Code(f"{_OWN}:event", kind(entry.event), label.title)]
    if label.subcode is not None:
        subtypes.insert(0, label.subcode)
    fields = details(entry.event)
    people = [fields.pop(name) for name in PEOPLE if name in fields]
    if words := in_words(entry.event):
        fields["in_words"] = words
    return {
        "resourceType": "AuditEvent",
        "id": f"entry-{entry.seq}",
        "type": _coding(label.code),
        "subtype": [_coding(code) for code in subtypes],
        "action": label.action,
        "recorded": instant(entry.at),
        "outcome": _MINOR_FAILURE if label.failed else _SUCCESS,
        "agent": [
            *(_agent("person", pseudonym, requestor=True) for pseudonym in people),
            _agent("process", entry.by, requestor=not people),
        ],
        "source": {
            "observer": {"identifier": {"system": f"{_OWN}:log", "value": origin}},
            "type": [_coding(_SOURCE_TYPE)],
        },
        "entity": [_entity(fields, leaf)],
    }


def _agent(what: str, value: str, *, requestor: bool) -> dict[str, Any]:
    identifier = {"system": f"{_OWN}:{what}", "value": value}
    return {"who": {"identifier": identifier}, "requestor": requestor}


def _entity(fields: dict[str, str], leaf: str) -> dict[str, Any]:
    return {
        "what": {"identifier": {"system": f"{_OWN}:leaf-hash", "value": leaf}},
        "detail": [{"type": name, "valueString": value} for name, value in fields.items() if value],
    }


def _coding(code: Code) -> dict[str, str]:
    return {"system": code.system, "code": code.code, "display": code.display}


def instant(milliseconds: int) -> str:
    """A FHIR instant in UTC, to the millisecond."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
