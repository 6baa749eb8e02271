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


@dataclass(frozen=True, slots=True)
class PolicyGates:
    """The gates of one session. Their outcomes are logged in ``ledger``."""

    gate: Gate
    session: str
    ledger: AuditClient

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

        The lowest similarity counts: of any two source photos, and of any shot of a video. Raises
        ``NotSamePersonError`` if the policy requires the same person and they are not alike.
        """
        likeness = min(source.agreement, report.least_alike or 0.0)
        same = likeness >= self.gate.likeness
        outcome: Literal["same", "different", "waived"] = "same" if same else "different"
        self.ledger.append(
            events.SamePersonChecked(
                session=self.session,
                job=job,
                outcome=outcome if self.gate.same_person else "waived",
                likeness=round(100 * min(1.0, max(0.0, likeness))),
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
