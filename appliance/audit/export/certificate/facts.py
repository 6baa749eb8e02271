"""What a certificate of erasure says, whatever it is printed as. It names nobody."""

from __future__ import annotations

from dataclasses import dataclass

import segno

from appliance.audit.entries.events import Entry, SessionClosed, SessionWiped
from appliance.audit.export.fhir import instant
from appliance.audit.tlog.proofs import TlogProof

TITLE = "Certificate of erasure"
HOW_TO_CHECK = (
    "This is a C2SP tlog-proof: the entry, its place in the log and the log's signed head. "
    "It is checked on any machine by the program"
)
CHECKER = "appliance-verify"

# QR version 40 at the lowest correction holds this many bytes (ISO/IEC 18004, table 7).
_MOST_IN_QR = 2953

# NIST SP 800-88 Rev. 2: a method, its technique, and how it was verified.
_SANITIZATION = {
    "luks-header-dropped": (
        "Purge",
        (
            "Cryptographic erase: AES-256-XTS volume key and its only header, which were in locked "
            "memory alone, overwritten and dropped; then the blocks discarded"
        ),
    ),
    "memory-dropped": ("Clear", "Workspace in memory that is never swapped, unmounted and freed"),
    "power-loss": (
        "Purge",
        (
            "Cryptographic erase: the key was in memory alone and was lost with its power; then "
            "the file of the workspace removed before anybody was served"
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One line. ``exact``: hexadecimal or the like, to be compared letter by letter."""

    name: str
    value: str
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Certificate:
    """The facts, and the proof that the log holds the erasure. ``proof`` is ASCII."""

    facts: tuple[Fact, ...]
    proof: bytes

    def code(self) -> segno.QRCode | None:
        """The whole proof as a QR code; ``None`` where the log is too large for one."""
        if len(self.proof) > _MOST_IN_QR:
            return None
        return segno.make_qr(self.proof, error="l", boost_error=False)


def erasure_certificate(closed: Entry, wiped: Entry, proof: TlogProof, vkey: str) -> Certificate:
    """Of one session: the events that end it, the proof of the second, the log's key."""
    end, erasure = closed.event, wiped.event
    if not isinstance(end, SessionClosed) or not isinstance(erasure, SessionWiped):
        raise TypeError("a certificate is about a session that was closed and wiped")
    method, technique = _SANITIZATION[erasure.method]
    facts = (
        Fact("Session", erasure.session, exact=True),
        Fact("Closed", f"{instant(closed.at)}, because of: {end.reason}"),
        Fact("Erased", f"{instant(wiped.at)}, in {erasure.ms} ms"),
        Fact("Method (NIST SP 800-88 Rev. 2)", method),
        Fact("Technique", technique),
        Fact("Key that was destroyed", erasure.key, exact=True),
        Fact(
            "Verification",
            f"{erasure.before} planted canaries readable before, {erasure.after} after; no "
            "mapping, no process and no mount of the session left",
        ),
        Fact("Entry of the log", str(wiped.seq)),
        Fact("Log", vkey, exact=True),
    )
    return Certificate(facts, proof.encode())
