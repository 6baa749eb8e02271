"""The labels of events: an English title, and the codes of DICOM and HL7."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import msgspec

from appliance.audit.entries import events
from appliance.audit.entries.events import AnyEvent, Event

Group: TypeAlias = Literal["work", "people", "release", "alarm", "system"]
Action: TypeAlias = Literal["C", "R", "U", "D", "E"]

DICOM = "http://dicom.nema.org/resources/ontology/DCM"
LIFECYCLE = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle"

PEOPLE: Final = ("subject", "approver", "requester", "viewer", "person")
"""The fields that name the person who acted; all others describe the object of the action."""


@dataclass(frozen=True, slots=True)
class Code:
    """A code with its meaning, as the code system prints it."""

    system: str
    code: str
    display: str


# DICOM PS3.16, CID 400 "Audit Event ID" and CID 401 "Audit Event Type Code".
_ACTIVITY = Code(DICOM, "110100", "Application Activity")
_LOG_USED = Code(DICOM, "110101", "Audit Log Used")
_EXPORT = Code(DICOM, "110106", "Export")
_IMPORT = Code(DICOM, "110107", "Import")
_ALERT = Code(DICOM, "110113", "Security Alert")
_AUTHENTICATION = Code(DICOM, "110114", "User Authentication")
_START = Code(DICOM, "110120", "Application Start")
_STOP = Code(DICOM, "110121", "Application Stop")
_LOGIN = Code(DICOM, "110122", "Login")
_LOGOUT = Code(DICOM, "110123", "Logout")
_CONFIGURATION = Code(DICOM, "110131", "Software Configuration")
_RESTRICTED = Code(DICOM, "110132", "Use of Restricted Function")
# HL7's names for the life of a record (ISO 21089).
_ACCESS = Code(LIFECYCLE, "access", "Access/View Record Lifecycle Event")
_RECEIVE = Code(LIFECYCLE, "receive", "Receive/Retain Record Lifecycle Event")
_TRANSFORM = Code(LIFECYCLE, "transform", "Transform/Translate Record Lifecycle Event")
_DESTROY = Code(LIFECYCLE, "destroy", "Destroy/Delete Record Lifecycle Event")
_ATTEST = Code(LIFECYCLE, "attest", "Attest Record Lifecycle Event")
_VERIFY = Code(LIFECYCLE, "verify", "Verify Record Lifecycle Event")


@dataclass(frozen=True, slots=True)
class EventLabels:
    """The labels of one kind of event. ``failed``: it records a failure."""

    title: str
    group: Group
    action: Action
    code: Code
    subcode: Code | None = None
    failed: bool = False


_LABELS: dict[type[Event], EventLabels] = {
    events.Boot: EventLabels("Machine started", "system", "E", _ACTIVITY, _START),
    events.BootMeasured: EventLabels("Measured at start", "system", "E", _ATTEST),
    events.SealResult: EventLabels("Process sealed", "system", "E", _ACTIVITY, _START),
    events.PolicyLoaded: EventLabels("Policy loaded", "system", "E", _ALERT, _CONFIGURATION),
    events.ModelPackLoaded: EventLabels("Model pack loaded", "system", "E", _ALERT, _CONFIGURATION),
    events.LoginGranted: EventLabels("Logged in", "people", "E", _AUTHENTICATION, _LOGIN),
    events.LoginRefused: EventLabels(
        "Login refused", "alarm", "E", _AUTHENTICATION, _LOGIN, failed=True
    ),
    events.TokenRemoved: EventLabels("Token removed", "people", "E", _AUTHENTICATION, _LOGOUT),
    events.SessionOpened: EventLabels("Session opened", "people", "E", _ACTIVITY, _START),
    events.SessionClosed: EventLabels("Session closed", "people", "E", _ACTIVITY, _STOP),
    events.SessionWiped: EventLabels("Session wiped", "people", "D", _DESTROY),
    events.SessionWipeFailed: EventLabels("Wipe failed", "alarm", "D", _DESTROY, failed=True),
    events.WorkspaceErased: EventLabels("Workspace erased", "system", "D", _DESTROY),
    events.MediaImported: EventLabels("Imported", "work", "C", _IMPORT),
    events.ItemDiscarded: EventLabels("Import discarded", "work", "D", _DESTROY),
    events.JobStarted: EventLabels("Job started", "work", "E", _TRANSFORM),
    events.JobFinished: EventLabels("Job finished", "work", "C", _TRANSFORM),
    events.JobRefused: EventLabels("Job refused", "alarm", "E", _TRANSFORM, failed=True),
    events.SimulationApplied: EventLabels("Simulation applied", "work", "E", _TRANSFORM),
    events.PointsPlaced: EventLabels("Points set by hand", "work", "E", _TRANSFORM),
    events.SimulationRefused: EventLabels(
        "Simulation refused", "alarm", "E", _TRANSFORM, failed=True
    ),
    events.PatientAgreed: EventLabels("Patient agreed", "release", "E", _ATTEST),
    events.DragsApplied: EventLabels("Dragged by hand", "work", "E", _TRANSFORM),
    events.RegionChanged: EventLabels("Region changed", "work", "E", _TRANSFORM),
    events.HandleMoved: EventLabels("Handle moved", "work", "E", _TRANSFORM),
    events.AccuracyMeasured: EventLabels("Accuracy measured", "work", "E", _VERIFY),
    events.SamePersonChecked: EventLabels("Same person checked", "work", "E", _VERIFY),
    events.HandedOver: EventLabels("Handed over", "release", "R", _EXPORT),
    events.ResultRefused: EventLabels("Result refused", "alarm", "R", _EXPORT, failed=True),
    events.ReleaseBegun: EventLabels("Release begun", "release", "E", _ACCESS),
    events.ReleaseRequested: EventLabels("Release requested", "release", "E", _ACCESS),
    events.ReleaseViewed: EventLabels("Release viewed", "release", "R", _ACCESS),
    events.ReleaseApproved: EventLabels("Release approved", "release", "E", _ATTEST),
    events.ReleaseDeclined: EventLabels("Release declined", "release", "E", _ATTEST, failed=True),
    events.ReleaseRefused: EventLabels("Release refused", "alarm", "E", _ATTEST, failed=True),
    events.ReleaseTaken: EventLabels("Release taken", "release", "R", _RECEIVE),
    events.ReleaseDropped: EventLabels("Copy wiped", "release", "D", _DESTROY),
    events.ReleaseSigned: EventLabels("Release signed", "release", "E", _ATTEST),
    events.ReleaseBurned: EventLabels("Release written", "release", "R", _EXPORT),
    events.EscapeAttempt: EventLabels(
        "Escape attempt", "alarm", "E", _ALERT, _RESTRICTED, failed=True
    ),
    events.EntryRefused: EventLabels(
        "Refused by the log", "alarm", "E", _ALERT, _RESTRICTED, failed=True
    ),
    events.DeviceRefused: EventLabels(
        "Device refused", "alarm", "E", _ALERT, _RESTRICTED, failed=True
    ),
    events.UpdateInstalled: EventLabels("Update installed", "system", "E", _ALERT, _CONFIGURATION),
    events.UpdateRefused: EventLabels(
        "Update refused", "alarm", "E", _ALERT, _RESTRICTED, failed=True
    ),
    events.AuditViewed: EventLabels("Auditor let in", "people", "R", _LOG_USED),
    events.MachineViewed: EventLabels("Machine looked at", "people", "R", _ACCESS),
    events.LogRead: EventLabels("Log read", "system", "R", _LOG_USED),
    events.LogExported: EventLabels("Log exported", "system", "R", _LOG_USED),
    events.ClockChanged: EventLabels("Clock changed", "alarm", "E", _ALERT, _CONFIGURATION),
    events.LogPruned: EventLabels("Log pruned", "system", "D", _DESTROY),
    events.CheckpointAnchored: EventLabels("Checkpoint anchored", "system", "E", _ATTEST),
    events.LedgerRolledBack: EventLabels(
        "Log older than counted", "alarm", "E", _ALERT, failed=True
    ),
    events.Provisioned: EventLabels("Provisioned", "system", "E", _ALERT, _CONFIGURATION),
    events.ProvisioningRefused: EventLabels(
        "Provisioning refused", "alarm", "E", _ALERT, _CONFIGURATION, failed=True
    ),
}


def labels(event: AnyEvent) -> EventLabels:
    """The labels of ``event``, which depend on its outcome where it has one."""
    label = _LABELS[type(event)]
    match event:
        case events.SealResult(result="refused"):
            return EventLabels("Seal refused", "alarm", "E", _ALERT, _RESTRICTED, failed=True)
        case events.SamePersonChecked(outcome="different"):
            return EventLabels(
                "Not the same person", "alarm", label.action, label.code, failed=True
            )
        case events.WorkspaceErased(failed=str()):
            return EventLabels("Workspace not erased", "alarm", "D", _DESTROY, failed=True)
        case _:
            return label


def kind(event: AnyEvent) -> str:
    """The name of the kind of ``event`` in the log."""
    return str(event.__struct_config__.tag)


def details(event: AnyEvent) -> dict[str, str]:
    """The fields of ``event`` as text, without those that are not set."""
    return {
        name: " ".join(value) if isinstance(value, list | tuple) else str(value)
        for name, value in msgspec.to_builtins(event).items()
        if name != "kind"
    }
