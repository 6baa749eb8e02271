"""The certificate as one page of HTML that fetches nothing."""

from __future__ import annotations

from appliance.audit.export.certificate.facts import CHECKER, HOW_TO_CHECK, TITLE, Certificate
from appliance.audit.export.pages import render


def as_html(certificate: Certificate) -> bytes:
    """The page, in UTF-8."""
    code = certificate.code()
    page = render(
        "certificate.html.j2",
        title=TITLE,
        facts=certificate.facts,
        how_to_check=HOW_TO_CHECK,
        checker=CHECKER,
        code=None if code is None else code.svg_inline(scale=4, border=4),
        proof=certificate.proof.decode(),
    )
    return page.encode()
