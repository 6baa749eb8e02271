"""What must be true before a face is applied, as the policy of the site has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from appliance.audit.entries import events
from appliance.audit.service.client import AuditClient
from appliance.errors import NotSamePersonError, PolicyError
from appliance.pipeline.run import Sitter, SwapReport
from appliance.policy.policy import Gate


@dataclass(frozen=True, slots=True)
class PolicyGates:
    """The gates of one session, and the ledger that hears of them."""

    gate: Gate
    session: str
    ledger: AuditClient

    def consent(self, reference: str | None) -> str | None:
        """The pseudonym of a consent's reference; raises ``PolicyError`` where one is missing."""
        if reference is None:
            if self.gate.consent:
                raise PolicyError(
                    "This site takes nobody's picture without their consent.",
                    "Give the reference of the consent, such as the number of the signed form.",
                )
            return None
        return self.ledger.pseudonym("consent", reference.encode())

    def choice(self, which: str) -> None:
        """Of several faces one is the patient's; raises ``NotSamePersonError``."""
        if self.gate.same_person and which == "all":
            raise NotSamePersonError(
                "Of several faces only one can be the patient's.",
                "Choose one face: largest, left, right, or the one like a reference.",
            )

    def same_person(self, job: int, sitter: Sitter, report: SwapReport) -> None:
        """Let nothing through that shows one person's face on another; ``NotSamePersonError``.

        Neither may a stranger hide between photos of the patient, nor in one shot of a video.
        """
        likeness = min(sitter.agreement, report.least_alike or 0.0)
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
                "Use photos of the patient only; the policy of this site allows no others.",
            )
