"""The states of the screen, and what leads from one to the other.

The table is the authority: what is not in it does nothing. It is drawn in the folder's README,
which a test compares with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from itertools import pairwise
from types import MappingProxyType


class Screen(StrEnum):
    """One task each. The value is the name of the file in ``qml/screens``."""

    WELCOME = "Welcome"
    LOGIN = "Login"
    CONSENT = "Consent"
    SERIES = "Series"
    FACE = "Face"
    CHANGES = "Changes"
    COMPARE = "Compare"
    VARIANTS = "Variants"
    AGREEMENT = "Agreement"
    REQUEST = "Request"
    DECISION = "Decision"
    ENDING = "Ending"
    CERTIFICATE = "Certificate"
    SOURCES = "Sources"
    TARGET = "Target"
    PERSONS = "Persons"
    LIKENESS = "Likeness"
    SWAP = "Swap"
    RESULTS = "Results"
    AUDIT = "Audit"
    AUDIT_SESSIONS = "AuditSessions"
    AUDIT_SESSION = "AuditSession"
    AUDIT_REFUSALS = "AuditRefusals"
    AUDIT_EXPORT = "AuditExport"
    MACHINE = "Machine"
    MACHINE_STORAGE = "MachineStorage"
    MACHINE_PEOPLE = "MachinePeople"


class Step(StrEnum):
    """What happens: a person goes on or back, or a service answers."""

    INSERTED = "inserted"
    PULLED = "pulled"
    OPENED = "opened"
    OPENED_PROJECT = "opened-project"
    AUDITS = "audits"
    ADMINISTERS = "administers"
    NEXT = "next"
    BACK = "back"
    CHANGE = "change"
    RELEASE = "release"
    DECIDED = "decided"
    END = "end"
    WIPED = "wiped"
    VERIFY = "verify"
    SESSIONS = "sessions"
    SESSION = "session"
    REFUSALS = "refusals"
    EXPORT = "export"
    CHECKS = "checks"
    STORAGE = "storage"
    PEOPLE = "people"
    LEAVE = "leave"
    LIKE = "like"
    BACK_TO_RESULTS = "back-to-results"


_VISIT = (
    Screen.CONSENT,
    Screen.SERIES,
    Screen.FACE,
    Screen.CHANGES,
    Screen.COMPARE,
    Screen.VARIANTS,
    Screen.AGREEMENT,
    Screen.REQUEST,
)
_AUDIT = (
    Screen.AUDIT,
    Screen.AUDIT_SESSIONS,
    Screen.AUDIT_SESSION,
    Screen.AUDIT_REFUSALS,
    Screen.AUDIT_EXPORT,
)
_MACHINE = (Screen.MACHINE, Screen.MACHINE_STORAGE, Screen.MACHINE_PEOPLE)
VIEWS = (*_AUDIT, *_MACHINE)
"""The screens of who looks, and works on nothing."""
_STUDIO = (Screen.SOURCES, Screen.TARGET, Screen.PERSONS, Screen.SWAP, Screen.RESULTS)
_IN_SESSION = (*_VISIT, Screen.DECISION, *_STUDIO, Screen.LIKENESS)

NEXT: Mapping[tuple[Screen, Step], Screen] = MappingProxyType(
    {
        (Screen.WELCOME, Step.INSERTED): Screen.LOGIN,
        (Screen.LOGIN, Step.PULLED): Screen.WELCOME,
        (Screen.LOGIN, Step.OPENED): Screen.CONSENT,
        (Screen.LOGIN, Step.OPENED_PROJECT): Screen.SOURCES,
        (Screen.LOGIN, Step.AUDITS): Screen.AUDIT,
        (Screen.LOGIN, Step.ADMINISTERS): Screen.MACHINE,
        **{(here, Step.NEXT): there for here, there in pairwise(_VISIT)},
        **{(here, Step.BACK): there for there, here in pairwise(_VISIT)},
        **{(here, Step.NEXT): there for here, there in pairwise(_STUDIO)},
        **{(here, Step.BACK): there for there, here in pairwise(_STUDIO)},
        (Screen.PERSONS, Step.LIKE): Screen.LIKENESS,
        (Screen.LIKENESS, Step.NEXT): Screen.PERSONS,
        (Screen.LIKENESS, Step.BACK): Screen.PERSONS,
        (Screen.RESULTS, Step.RELEASE): Screen.REQUEST,
        (Screen.REQUEST, Step.BACK_TO_RESULTS): Screen.RESULTS,
        (Screen.VARIANTS, Step.CHANGE): Screen.CHANGES,
        (Screen.REQUEST, Step.NEXT): Screen.DECISION,
        (Screen.DECISION, Step.BACK): Screen.REQUEST,
        (Screen.DECISION, Step.DECIDED): Screen.REQUEST,
        **{(here, Step.END): Screen.ENDING for here in _IN_SESSION},
        **{(here, Step.LEAVE): Screen.WELCOME for here in _IN_SESSION},
        (Screen.ENDING, Step.WIPED): Screen.CERTIFICATE,
        (Screen.CERTIFICATE, Step.LEAVE): Screen.WELCOME,
        **{(here, Step.VERIFY): Screen.AUDIT for here in _AUDIT},
        **{(here, Step.SESSIONS): Screen.AUDIT_SESSIONS for here in _AUDIT},
        (Screen.AUDIT_SESSIONS, Step.SESSION): Screen.AUDIT_SESSION,
        (Screen.AUDIT_SESSION, Step.BACK): Screen.AUDIT_SESSIONS,
        **{(here, Step.REFUSALS): Screen.AUDIT_REFUSALS for here in _AUDIT},
        **{(here, Step.EXPORT): Screen.AUDIT_EXPORT for here in _AUDIT},
        **{(here, Step.CHECKS): Screen.MACHINE for here in _MACHINE},
        **{(here, Step.STORAGE): Screen.MACHINE_STORAGE for here in _MACHINE},
        **{(here, Step.PEOPLE): Screen.MACHINE_PEOPLE for here in _MACHINE},
        **{(here, Step.LEAVE): Screen.WELCOME for here in VIEWS},
    }
)


def after(screen: Screen, step: Step) -> Screen:
    """The screen that follows; the same one if the step leads nowhere from there."""
    return NEXT.get((screen, step), screen)
