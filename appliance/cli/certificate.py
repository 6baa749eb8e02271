"""A certificate of erasure: one page of HTML, whose QR code is the proof out of the signed log."""

from __future__ import annotations

from html import escape

import segno

from appliance.audit.events import Entry, SessionClosed, SessionWiped
from appliance.audit.export.fhir import instant
from appliance.audit.export.style import CSS
from appliance.audit.proofs import TlogProof

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


def certificate(closed: Entry, wiped: Entry, proof: TlogProof, vkey: str) -> str:
    """The page for one session: the events that end it, the proof of the second, the log's key."""
    end, erasure = closed.event, wiped.event
    if not isinstance(end, SessionClosed) or not isinstance(erasure, SessionWiped):
        raise TypeError("a certificate is about a session that was closed and wiped")
    method, technique = _SANITIZATION[erasure.method]
    rows = [
        ("Session", _hex(erasure.session)),
        ("Closed", f"{instant(closed.at)}, because of: {end.reason}"),
        ("Erased", f"{instant(wiped.at)}, in {erasure.ms} ms"),
        ("Method (NIST SP 800-88 Rev. 2)", method),
        ("Technique", technique),
        ("Key that was destroyed", _hex(erasure.key)),
        (
            "Verification",
            (
                f"{erasure.before} planted canaries readable before, {erasure.after} after; no "
                "mapping, no process and no mount of the session left"
            ),
        ),
        ("Entry of the log", str(wiped.seq)),
        ("Log", _hex(vkey)),
    ]
    listed = "".join(f"<tr><th>{escape(name)}</th><td>{value}</td></tr>" for name, value in rows)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">"
        f"<title>Certificate of erasure</title><style>{CSS}</style></head>\n"
        "<body><h1>Certificate of erasure</h1>\n"
        f"<table>{listed}</table>\n{_code(proof.encode())}</body></html>\n"
    )


def _hex(value: str) -> str:
    return f'<span class="hex">{escape(value)}</span>'


def _code(proof: bytes) -> str:
    """The whole proof as a QR code, or, where the log is too large for one, as text."""
    how = (
        '<p class="soft">This is a C2SP tlog-proof: the entry, its place in the log and the '
        "log's signed head. <code>appliance-verify</code> checks it on any machine.</p>"
    )
    if len(proof) > _MOST_IN_QR:
        return f"<h2>Proof</h2>{how}<pre class='hex'>{escape(proof.decode())}</pre>"
    code = segno.make_qr(proof, error="l", boost_error=False)
    return f"<h2>Proof</h2>{how}<figure>{code.svg_inline(scale=4, border=4)}</figure>"
