"""What the site's policy requires before a face is applied."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Literal

from appliance.audit.entries import events
from appliance.audit.service.client import AuditClient
from appliance.errors import NotSamePersonError, PolicyError
from appliance.pipeline.run import SourceIdentity, SwapReport
from appliance.policy.policy import Gate

_ROUNDING = 1.001  # a cosine of float32 embeddings may exceed 1 by rounding, not by more


def lowest(*cosines: float | None) -> float:
    """The lowest of the cosines, 0-1: 0 if one is missing, negative or no cosine."""
    if any(cosine is None or not 0 <= cosine < _ROUNDING for cosine in cosines):
        return 0.0
    return min(1.0, *(cosine for cosine in cosines if cosine is not None))


@dataclass(frozen=True, slots=True)
class PolicyGates:
    """The gates of one session. Their outcomes are logged in ``ledger``."""

    gate: Gate
    session: str
    ledger: AuditClient

    @property
    def same_person_from(self) -> float | None:
        """The cosine from which two faces are one person's; ``None`` if they need not be."""
        return self.gate.likeness if self.gate.same_person else None

    def consent(self, reference: str | None) -> str | None:
        """The pseudonym of a consent's reference, if there is one.

        Raises ``PolicyError`` if it is missing and the policy requires one, or if it says nothing.
        """
        if reference is None:
            if self.gate.consent:
                raise PolicyError(
                    "This site imports no picture without a consent.",
                    "Give the reference of the consent, such as the number of the signed form.",
                )
            return None
        if not is_legible(reference):
            raise PolicyError(
                "The reference of the consent is blank, or holds what cannot be seen.",
                "Give what is printed on the consent, such as the number of the signed form.",
            )
        return self.ledger.pseudonym("consent", reference.encode())

    def choice(self, which: str) -> None:
        """Only one face can be the patient's. Raises ``NotSamePersonError`` for "all"."""
        if self.gate.same_person and which == "all":
            raise NotSamePersonError(
                "Only one of several faces can be the patient's.",
                "Choose one face: largest, left, right, or the one like a reference.",
            )

    def same_person(self, job: int, source: SourceIdentity, report: SwapReport) -> None:
        """Compare source and target, which must show one person, and log the outcome.

        The lowest similarity counts: of any two source photos, and of any face that was changed
        (see :mod:`appliance.pipeline.analysis.same_person`); none, if a face was changed that was
        not looked at. Raises ``NotSamePersonError`` if the policy requires the same person and they
        are not alike.
        """
        likeness = lowest(source.agreement, report.least_alike)
        if self.gate.same_person and report.faces_watched != report.faces_swapped:
            likeness = 0.0
        same = likeness >= self.gate.likeness
        outcome: Literal["same", "different", "waived"] = "same" if same else "different"
        self.ledger.append(
            events.SamePersonChecked(
                session=self.session,
                job=job,
                outcome=outcome if self.gate.same_person else "waived",
                likeness=round(100 * likeness),
                threshold=round(100 * self.gate.likeness),
            )
        )
        if self.gate.same_person and not same:
            raise NotSamePersonError(
                "Source and target do not show the same person.",
                "Use photos of the patient only; the policy of this site allows no other faces.",
            )


# Letters of no width, after normalisation (Unicode's Default_Ignorable_Code_Point).
_FILLERS = frozenset("\u115f\u1160")


def is_legible(reference: str) -> bool:
    """Whether a person sees all of ``reference``, and a letter or a digit in it."""
    shown = unicodedata.normalize("NFKC", reference)
    return (
        reference.isprintable()  # neither controls nor formats nor blanks other than the space
        and not _FILLERS.intersection(shown)
        and any(character.isalnum() for character in shown)
    )
