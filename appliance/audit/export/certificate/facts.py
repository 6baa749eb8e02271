"""The content of a certificate of erasure, for HTML and PDF alike. It names no person."""

from __future__ import annotations

from dataclasses import dataclass

import segno

from appliance.audit.entries.entry import Entry
from appliance.audit.entries.events import SessionClosed, SessionWiped, WorkspaceErased
from appliance.audit.export.fhir import instant
from appliance.audit.tlog.proofs import MOST_IN_QR, TlogProof
from appliance.keeper.protocol import UNKNOWN_KEY

TITLE = "Certificate of erasure"
HOW_TO_CHECK = (
    "This is a C2SP tlog-proof: the entry, its place in the log and the log's signed head. "
    "It can be checked on any machine with the program"
)
CHECKER = "appliance-verify"

# NIST SP 800-88 Rev. 2: a method, its technique, and how it was verified.
_SANITIZATION = {
    "luks-header-dropped": (
        "Purge",
        (
            "Cryptographic erase: AES-256-XTS volume key and its only header, which existed in "
            "locked memory only, overwritten and released; then the blocks discarded"
        ),
    ),
    "memory-dropped": ("Clear", "Workspace in memory that is never swapped, unmounted and freed"),
    "power-loss": (
        "Purge",
        (
            "Cryptographic erase: the key existed only in memory and was lost with the power; then "
            "the file of the workspace was removed before the next session"
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One row. ``exact``: hexadecimal or similar, to be compared character by character."""

    name: str
    value: str
    exact: bool = False


_TRAINING = Fact(
    "Training", "Yes: it was opened to practise with samples, and no result could leave"
)


@dataclass(frozen=True, slots=True)
class Certificate:
    """The facts, and the proof (ASCII) that the log contains the erasure."""

    facts: tuple[Fact, ...]
    proof: bytes

    def code(self) -> segno.QRCode | None:
        """The whole proof as a QR code; ``None`` if it is too long for one."""
        if len(self.proof) > MOST_IN_QR:
            return None
        return segno.make_qr(self.proof, error="l", boost_error=False)


def erasure_certificate(
    closed: Entry,
    wiped: Entry,
    measured: Entry | None,
    proof: TlogProof,
    vkey: str,
    *,
    training: bool = False,
) -> Certificate:
    """The certificate of a session, from its last two entries and the proof of the second.

    ``measured``: the keeper's record of the same key, if the log has one. ``vkey``: the log's
    public key. ``training``: whether it was opened as training. Raises ``TypeError`` if the entries
    are of other kinds.
    """
    end, erasure = closed.event, wiped.event
    if not isinstance(end, SessionClosed) or not isinstance(erasure, SessionWiped):
        raise TypeError("a certificate is about a session that was closed and wiped")
    method, technique = _SANITIZATION[erasure.method]
    facts = (
        *((_TRAINING,) if training else ()),
        Fact("Session", erasure.session, exact=True),
        Fact("Closed", f"{instant(closed.at)}, reason: {end.reason}"),
        Fact("Erased", f"{instant(wiped.at)}, in {erasure.ms} ms"),
        Fact("Method (NIST SP 800-88 Rev. 2)", method),
        Fact("Technique", technique),
        _key(erasure.key),
        Fact("Copies", "Not recorded here. An erasure reaches no copy that was handed over before"),
        Fact("Verification", _verification(erasure, measured)),
        Fact("Log entry", str(wiped.seq)),
        Fact("Log", vkey, exact=True),
    )
    return Certificate(facts, proof.encode())


def _key(key: str) -> Fact:
    if key == UNKNOWN_KEY:
        return Fact("Destroyed key", "Not recorded: it was lost with the memory that held it")
    return Fact("Destroyed key", key, exact=True)


def _verification(stated: SessionWiped, measured: Entry | None) -> str:
    """What was measured, by whom; that nothing was, where nothing was."""
    if stated.key == UNKNOWN_KEY:  # so it is unknown which of the keepers' records is this one's
        measured = None
    if measured is None or not isinstance(measured.event, WorkspaceErased):
        return (
            f"Not recorded by the keeper. The broker states: {stated.before} planted canaries "
            f"readable before, {stated.after} after"
        )
    found = measured.event
    canaries = f"{found.before} planted canaries readable before, {found.after} after"
    if not found.before:
        canaries = "none, for no planted canary was readable before"
    left = (
        "and no file of its worker in a shared folder"
        if found.search == "whole"
        else "but not every shared folder could be searched"
    )
    return (
        f"By the keeper (log entry {measured.seq}): {canaries}; no mapping, process or mount of "
        f"the session left, {left}"
    )
