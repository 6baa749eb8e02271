"""One audit message for each entry, as in the schema of PS3.15, A.5.1."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Final
from xml.etree.ElementTree import Element, tostring

from appliance.audit.entries import events
from appliance.audit.entries.reader import LogLine
from appliance.audit.export.atna.objects import ParticipantObject, objects
from appliance.audit.export.atna.participants import Participant, participants
from appliance.audit.export.atna.xml import add, add_code
from appliance.audit.export.fhir import instant
from appliance.audit.export.labels import Code, kind, labels
from appliance.audit.export.selection import sessions_of
from appliance.audit.tlog.merkle import hash_leaf

_SUCCESS, _MINOR_FAILURE = "0", "4"
_MACHINE_NAME = "1"  # as the type of an access point
_APPLICATION_SERVER = "4"  # as the type of a source
_EVENT_KINDS = "urn:face-appliance:event"

FIRST_LINE: Final = b'<?xml version="1.0" encoding="UTF-8"?><AuditMessages>'
LAST_LINE: Final = b"</AuditMessages>"


def audit_messages(lines: Sequence[LogLine], origin: str) -> bytes:
    """A document of XML: a first line, a message on each line, a last one.

    The standard knows single messages only, which a syslog message carries one by one; each line
    but the first and last is such a message. ``origin``: the name of the log.
    """
    patients = {
        line.entry.event.session: line.entry.event.patient
        for line in lines
        if isinstance(line.entry.event, events.SessionOpened)
    }
    session_of = sessions_of(lines)
    messages = [
        audit_message(line, origin, patients.get(session_of.get(line.entry.seq, "")) or "")
        for line in lines
    ]
    return b"\n".join((FIRST_LINE, *messages, LAST_LINE, b""))


def audit_message(line: LogLine, origin: str, patient: str = "") -> bytes:
    """The message for ``line`` of the log named ``origin``, without a newline.

    ``patient``: the pseudonym of whom its session is about, where that is known.
    """
    entry = line.entry
    message = Element("AuditMessage")
    _add_event(message, line)
    for participant in participants(entry, origin):
        _add_participant(message, participant)
    source = add(message, "AuditSourceIdentification", {"AuditSourceID": origin})
    add(source, "AuditSourceTypeCode", {"csd-code": _APPLICATION_SERVER})
    for one in objects(entry, hash_leaf(line.data).hex(), origin, patient):
        _add_object(message, one)
    written: bytes = tostring(message, encoding="utf-8", xml_declaration=False)
    return written


def _add_event(message: Element, line: LogLine) -> None:
    event = line.entry.event
    label = labels(event)
    about = {
        "EventActionCode": label.action,
        "EventDateTime": instant(line.entry.at),
        "EventOutcomeIndicator": _MINOR_FAILURE if label.failed else _SUCCESS,
    }
    added = add(message, "EventIdentification", about)
    add_code(added, "EventID", label.code)
    if label.subcode is not None:
        add_code(added, "EventTypeCode", label.subcode)
    add_code(added, "EventTypeCode", Code(_EVENT_KINDS, kind(event), label.title))
    if label.failed:
        add(added, "EventOutcomeDescription", {}).text = label.title


def _add_participant(message: Element, participant: Participant) -> None:
    access = {}
    if participant.at:
        access = {
            "NetworkAccessPointID": participant.at,
            "NetworkAccessPointTypeCode": _MACHINE_NAME,
        }
    requestor = "true" if participant.requestor else "false"
    about = {"UserID": participant.user, "UserIsRequestor": requestor, **access}
    added = add(message, "ActiveParticipant", about)
    if participant.role is not None:
        add_code(added, "RoleIDCode", participant.role)
    if participant.media is not None:
        add_code(add(added, "MediaIdentifier", {}), "MediaType", participant.media)


def _add_object(message: Element, one: ParticipantObject) -> None:
    about = {
        "ParticipantObjectID": one.identifier,
        "ParticipantObjectTypeCode": one.type_,
        "ParticipantObjectTypeCodeRole": one.role,
    }
    if one.stage:
        about["ParticipantObjectDataLifeCycle"] = one.stage
    added = add(message, "ParticipantObjectIdentification", about)
    add_code(added, "ParticipantObjectIDTypeCode", one.kind)
    add(added, "ParticipantObjectName", {}).text = one.name
    for name, value in one.details.items():
        encoded = base64.b64encode(value.encode()).decode()
        add(added, "ParticipantObjectDetail", {"type": name, "value": encoded})
