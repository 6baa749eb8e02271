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
    MACHINE = "Machine"


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
        (Screen.AUDIT, Step.LEAVE): Screen.WELCOME,
        (Screen.MACHINE, Step.LEAVE): Screen.WELCOME,
    }
)


def after(screen: Screen, step: Step) -> Screen:
    """The screen that follows; the same one if the step leads nowhere from there."""
    return NEXT.get((screen, step), screen)
