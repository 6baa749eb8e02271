"""All events that can be logged, as types without a field for free text.

An event contains enumerations, counts, durations, hashes, random ids and keyed pseudonyms. No field
accepts a path, a name, an address or an embedding: every string is either a value of an
enumeration or hexadecimal of a fixed length.

People are recorded by pseudonyms (``Pseudonym``, made by ``pseudonyms.py``). So are imported
files, because the plain hash of a photo would prove that the photo was present. Results carry
their plain SHA-256, which a release is checked against, and so does a photo that was simulated,
since its record is to prove that nothing but this photo had a part in it.
"""

from __future__ import annotations

from typing import TypeAlias

from appliance.audit.entries.events.log import (
    AuditViewed,
    CheckpointAnchored,
    ClockChanged,
    EntryRefused,
    LedgerRolledBack,
    LogExported,
    LogPruned,
    LogRead,
    MachineViewed,
)
from appliance.audit.entries.events.machine import (
    Boot,
    BootMeasured,
    DeviceRefused,
    EscapeAttempt,
    ModelPackLoaded,
    PolicyLoaded,
    Provisioned,
    ProvisioningRefused,
    SealResult,
    UpdateInstalled,
    UpdateRefused,
)
from appliance.audit.entries.events.people import (
    LoginGranted,
    LoginRefused,
    SessionClosed,
    SessionOpened,
    SessionWiped,
    SessionWipeFailed,
    TokenRemoved,
    WorkspaceErased,
)
from appliance.audit.entries.events.release import (
    BurnReason,
    ReleaseApproved,
    ReleaseBegun,
    ReleaseBurned,
    ReleaseDeclined,
    ReleaseDropped,
    ReleaseRefused,
    ReleaseRequested,
    ReleaseSigned,
    ReleaseTaken,
    ReleaseViewed,
    Unfit,
)
from appliance.audit.entries.events.root import Event
from appliance.audit.entries.events.simulation import (
    AccuracyMeasured,
    DragsApplied,
    HandleMoved,
    PatientAgreed,
    PointsPlaced,
    RegionChanged,
    SimulationApplied,
    SimulationRefused,
)
from appliance.audit.entries.events.work import (
    HandedOver,
    ItemDiscarded,
    JobFinished,
    JobRefused,
    JobStarted,
    MediaImported,
    ResultRefused,
    SamePersonChecked,
)

__all__ = [
    "AccuracyMeasured",
    "AnyEvent",
    "AuditViewed",
    "Boot",
    "BootMeasured",
    "BurnReason",
    "CheckpointAnchored",
    "ClockChanged",
    "DeviceRefused",
    "DragsApplied",
    "EntryRefused",
    "EscapeAttempt",
    "Event",
    "HandedOver",
    "HandleMoved",
    "ItemDiscarded",
    "JobFinished",
    "JobRefused",
    "JobStarted",
    "LedgerRolledBack",
    "LogExported",
    "LogPruned",
    "LogRead",
    "LoginGranted",
    "LoginRefused",
    "MachineViewed",
    "MediaImported",
    "ModelPackLoaded",
    "PatientAgreed",
    "PointsPlaced",
    "PolicyLoaded",
    "Provisioned",
    "ProvisioningRefused",
    "RegionChanged",
    "ReleaseApproved",
    "ReleaseBegun",
    "ReleaseBurned",
    "ReleaseDeclined",
    "ReleaseDropped",
    "ReleaseRefused",
    "ReleaseRequested",
    "ReleaseSigned",
    "ReleaseTaken",
    "ReleaseViewed",
    "ResultRefused",
    "SamePersonChecked",
    "SealResult",
    "SessionClosed",
    "SessionOpened",
    "SessionWipeFailed",
    "SessionWiped",
    "SimulationApplied",
    "SimulationRefused",
    "TokenRemoved",
    "Unfit",
    "UpdateInstalled",
    "UpdateRefused",
    "WorkspaceErased",
]

AnyEvent: TypeAlias = (
    Boot
    | BootMeasured
    | SealResult
    | PolicyLoaded
    | ModelPackLoaded
    | LoginGranted
    | LoginRefused
    | TokenRemoved
    | SessionOpened
    | SessionClosed
    | SessionWiped
    | SessionWipeFailed
    | WorkspaceErased
    | MediaImported
    | ItemDiscarded
    | JobStarted
    | JobFinished
    | JobRefused
    | SimulationApplied
    | HandleMoved
    | PointsPlaced
    | DragsApplied
    | RegionChanged
    | SimulationRefused
    | PatientAgreed
    | AccuracyMeasured
    | SamePersonChecked
    | HandedOver
    | ResultRefused
    | ReleaseRequested
    | ReleaseViewed
    | ReleaseApproved
    | ReleaseBegun
    | ReleaseDeclined
    | ReleaseRefused
    | ReleaseTaken
    | ReleaseDropped
    | ReleaseSigned
    | ReleaseBurned
    | EscapeAttempt
    | DeviceRefused
    | UpdateInstalled
    | UpdateRefused
    | EntryRefused
    | AuditViewed
    | MachineViewed
    | LogRead
    | LogExported
    | ClockChanged
    | LogPruned
    | CheckpointAnchored
    | LedgerRolledBack
    | Provisioned
    | ProvisioningRefused
)
