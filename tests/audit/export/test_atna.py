"""DICOM audit messages: of every kind of event, in the standard's form, with its own rules."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.audit.entries import canonical, events
from appliance.audit.entries.entry import Entry
from appliance.audit.entries.events import AnyEvent
from appliance.audit.entries.fields import Role
from appliance.audit.entries.reader import LogLine
from appliance.audit.export.atna.message import FIRST_LINE, LAST_LINE, audit_message, audit_messages
from appliance.audit.export.labels import PEOPLE, details, kind, labels
from tests.audit.entries.test_events import KINDS, entries
from tests.audit.story import story
from tests.dicom_codes import meanings

ORIGIN = "test.example/log"
SCHEMA = Path(__file__).with_name("audit_message.rng")


def lines_of(found: Sequence[Entry]) -> list[LogLine]:
    return [LogLine(entry, canonical.encode(entry)) for entry in found]


def line_of(event: AnyEvent, by: Role = "broker", seq: int = 1) -> LogLine:
    return lines_of([Entry(1_795_500_000_000, "0a1b2c3d", by, event, 1, seq)])[0]


def told() -> list[LogLine]:
    return [line_of(event, by, number) for number, (_, by, event) in enumerate(story())]


def parsed(document: bytes) -> Element:
    return fromstring(document)  # noqa: S314 - what we wrote ourselves


def is_valid(document: bytes) -> bool:
    """Whether another program finds ``document`` in the form of the schema."""
    command = ["/usr/bin/xmllint", "--noout", "--relaxng", str(SCHEMA), "-"]
    done = subprocess.run(command, input=document, capture_output=True, check=False)
    assert done.returncode in (0, 3)  # 3: it does not validate
    return done.returncode == 0


@given(st.tuples(*(entries(kinds=[one]) for one in KINDS)))
@settings(max_examples=12, deadline=None)
def test_every_kind_of_event_is_a_message_of_the_schema(found: tuple[Entry, ...]) -> None:
    lines = lines_of(found)
    assert is_valid(audit_messages(lines, ORIGIN))
    for line in lines:
        message = parsed(audit_message(line, ORIGIN))
        said = {one.get("csd-code") for one in message.iter("EventTypeCode")}
        assert kind(line.entry.event) in said
        outcome = message[0].get("EventOutcomeIndicator")
        assert (outcome == "0") != labels(line.entry.event).failed
        assert fields_in(message) >= {
            (name, value)
            for name, value in details(line.entry.event).items()
            if value and name not in PEOPLE
        }
        users = {one.get("UserID") for one in message.iter("ActiveParticipant")}
        fields = details(line.entry.event)
        assert users >= {fields[name] for name in PEOPLE if name in fields}


def fields_in(message: Element) -> set[tuple[str, str]]:
    return {
        (one.attrib["type"], base64.b64decode(one.attrib["value"], validate=True).decode())
        for one in message.iter("ParticipantObjectDetail")
    }


def objects_of(message: Element) -> list[Element]:
    return list(message.iter("ParticipantObjectIdentification"))


SPOILERS = (
    (b'EventOutcomeIndicator="0"', b'EventOutcomeIndicator="1"'),
    (b'EventActionCode="', b'EventActionCode="X'),
    (b'Z" EventOutcome', b'Zone" EventOutcome'),
    (b'UserIsRequestor="true"', b'UserIsRequestor="perhaps"'),
    (b"<AuditSourceIdentification AuditSourceID=", b"<AuditSourceIdentification Name="),
    (b"csd-code=", b"code="),
    (b"<ParticipantObjectName>session</ParticipantObjectName>", b""),
    (b'ParticipantObjectTypeCodeRole="20"', b'ParticipantObjectTypeCodeRole="27"'),
)


@pytest.mark.parametrize("number", range(len(SPOILERS)))
def test_a_message_of_another_form_is_noticed(number: int) -> None:
    document = audit_messages(told(), ORIGIN)
    assert is_valid(document)
    old, new = SPOILERS[number]
    assert old in document
    assert not is_valid(document.replace(old, new, 1))


# What PS3.15, A.5.3 demands of DICOM's own events: the action, the types of which one is named,
# and the roles that some participant has.
RULES = {
    "110100": ("E", {"110120", "110121"}, {"110150"}),
    "110101": ("R", set(), set()),
    "110106": ("R", set(), {"110153", "110154"}),
    "110107": ("C", set(), {"110152", "110155"}),
    "110113": ("E", {f"1101{n}" for n in range(26, 38)}, set()),
    "110114": ("E", {"110122", "110123"}, set()),
}


def messages() -> Iterator[Element]:
    for line in told():
        yield parsed(audit_message(line, ORIGIN))


def test_the_events_of_dicom_follow_its_tables() -> None:
    seen = set()
    for message in messages():
        event = message[0]
        code = event[0].attrib
        if code["codeSystemName"] != "DCM":
            continue
        seen.add(code["csd-code"])
        action, types, roles = RULES[code["csd-code"]]
        assert event.get("EventActionCode") == action
        named = {one.get("csd-code") for one in event.iter("EventTypeCode")}
        assert not types or named & types
        given_roles = {one.get("csd-code") for one in message.iter("RoleIDCode")}
        assert given_roles >= roles
        for one in message.iter("ActiveParticipant"):
            role = one.find("RoleIDCode")
            is_medium = role is not None and role.get("csd-code") in ("110154", "110155")
            assert (one.find("MediaIdentifier") is not None) == is_medium
    assert seen == RULES.keys()


# Of PS3.16: which group the codes at each place are of.
GROUPS = {"EventID": 400, "EventTypeCode": 401, "RoleIDCode": 402, "MediaType": 405}


def test_codes_of_dicom_are_of_their_group_and_have_its_meaning() -> None:
    known = meanings("DCM")
    plugged_in = line_of(events.MediaImported("0" * 16, "1" * 32, "target", "photo", 1, "usb"))
    seen = set()
    for message in [*messages(), parsed(audit_message(plugged_in, ORIGIN))]:
        for place, group in GROUPS.items():
            for code in message.iter(place):
                if code.get("codeSystemName") == "DCM":
                    meaning, groups = known[code.attrib["csd-code"]]
                    assert code.get("originalText") == meaning
                    assert group in groups
                    seen.add(place)
    assert seen == GROUPS.keys()


def test_a_log_that_was_read_is_named_as_an_object() -> None:
    message = parsed(audit_message(line_of(events.LogRead("show", 1, 2, 2)), ORIGIN))
    (log,) = (
        one
        for one in message.iter("ParticipantObjectIdentification")
        if one[0].get("csd-code") == "12"
    )
    assert (log.get("ParticipantObjectID"), log[1].text) == (ORIGIN, "Security Audit Log")


def test_a_login_without_a_known_person_says_so() -> None:
    message = parsed(audit_message(line_of(events.LoginRefused("unknown-user")), ORIGIN))
    users = [one.get("UserID") for one in message.iter("ActiveParticipant")]
    assert users == ["unknown", "broker"]


def test_what_left_is_tied_to_the_patient_by_pseudonym_and_to_the_copy_by_hash() -> None:
    session, person, patient, other = "0" * 16, "1" * 32, "2" * 32, "3" * 32
    copy, disc = "4" * 64, "5" * 64
    lines = [
        line_of(events.SessionOpened(session, person, patient), seq=7),
        line_of(events.ReleaseApproved(session, 6, "6" * 64, other), seq=8),
        line_of(events.ReleaseBurned(8, copy, "disc", disc), seq=9),
        line_of(events.ReleaseBurned(5, copy, "disc", disc), seq=10),
    ]
    document = parsed(audit_messages(lines, ORIGIN))
    named = [{one.get("ParticipantObjectID") for one in objects_of(sent)} for sent in document]
    known = [patient in identifiers for identifiers in named]
    assert known == [True, True, True, False]
    burned = document[2]
    assert (
        burned.find(f"ParticipantObjectIdentification[@ParticipantObjectID='{copy}']") is not None
    )
    assert burned.find(f"ActiveParticipant[@UserID='{disc}']") is not None


def test_each_line_is_one_message_for_one_syslog_message() -> None:
    first, *between, last, end = audit_messages(told(), ORIGIN).split(b"\n")
    assert (first, last, end) == (FIRST_LINE, LAST_LINE, b"")
    assert len(between) == len(told())
    assert all(parsed(message).tag == "AuditMessage" for message in between)
