"""Who acted, and from or to which medium: the active participants of a message.

PS3.15, A.5.3 lists them for each event of DICOM. People are the ledger's pseudonyms, and processes
the names of their roles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from appliance.audit.entries.entry import Entry
from appliance.audit.export.labels import DICOM, PEOPLE, Code, details, labels

# DICOM PS3.16, CID 402 "Audit Active Participant Role ID Code".
_APPLICATION = Code(DICOM, "110150", "Application")
_LAUNCHER = Code(DICOM, "110151", "Application Launcher")
_DESTINATION = Code(DICOM, "110152", "Destination Role ID")
_SOURCE = Code(DICOM, "110153", "Source Role ID")
_DESTINATION_MEDIA = Code(DICOM, "110154", "Destination Media")
_SOURCE_MEDIA = Code(DICOM, "110155", "Source Media")
# CID 405 "Media Type Code" has CDs and DVDs, which the ledger does not tell apart, and no folder,
# camera or program.
_USB = Code(DICOM, "110030", "USB Disk Emulation")
_OWN_MEDIA = "urn:face-appliance:medium"

_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Participant:
    """``at``: the name of the machine that a person used. ``media``: the type of a medium."""

    user: str
    requestor: bool
    role: Code | None = None
    media: Code | None = None
    at: str = ""


def participants(entry: Entry, origin: str) -> Sequence[Participant]:
    """Those of ``entry``, at least one; ``origin``: the name of the log."""
    fields = details(entry.event)
    people = [fields[name] for name in PEOPLE if name in fields]
    label = labels(entry.event)
    match label.code.code if label.code.system == DICOM else "":
        case "110100":
            started = Participant(entry.by, requestor=not people, role=_APPLICATION)
            return [started, *(Participant(one, requestor=True, role=_LAUNCHER) for one in people)]
        case "110106":
            medium = fields.get("medium", "program")
            return [
                *(Participant(one, requestor=True, role=_SOURCE) for one in people),
                Participant(entry.by, requestor=not people, role=_SOURCE),
                _medium(fields.get("disc", medium), medium, _DESTINATION_MEDIA),
            ]
        case "110107":
            origin_medium = fields.get("origin", _UNKNOWN)
            return [
                Participant(entry.by, requestor=True, role=_DESTINATION),
                _medium(origin_medium, origin_medium, _SOURCE_MEDIA),
            ]
        case "110114":
            return [
                *(Participant(one, requestor=True, at=origin) for one in people or [_UNKNOWN]),
                Participant(entry.by, requestor=False),
            ]
        case _:
            return [
                *(Participant(one, requestor=True) for one in people),
                Participant(entry.by, requestor=not people),
            ]


def _medium(user: str, word: str, role: Code) -> Participant:
    kind = _USB if word == "usb" else Code(_OWN_MEDIA, word, word.capitalize())
    return Participant(user, requestor=False, role=role, media=kind)
