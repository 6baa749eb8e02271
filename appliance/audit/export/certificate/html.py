"""The certificate as one page of HTML that fetches nothing."""

from __future__ import annotations

from html import escape

from appliance.audit.export.certificate.facts import CHECKER, HOW_TO_CHECK, TITLE, Certificate, Fact
from appliance.audit.export.style import CSS


def as_html(certificate: Certificate) -> bytes:
    """The page."""
    listed = "".join(f"<tr><th>{escape(fact.name)}</th><td>{_value(fact)}</td></tr>"
                     for fact in certificate.facts)  # fmt: skip
    page = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">"
        f"<title>{TITLE}</title><style>{CSS}</style></head>\n"
        f"<body><h1>{TITLE}</h1>\n"
        f"<table>{listed}</table>\n<h2>Proof</h2>"
        f'<p class="soft">{escape(HOW_TO_CHECK)} <code>{CHECKER}</code>.</p>'
        f"{_proof(certificate)}</body></html>\n"
    )
    return page.encode()


def _value(fact: Fact) -> str:
    value = escape(fact.value)
    return f'<span class="hex">{value}</span>' if fact.exact else value


def _proof(certificate: Certificate) -> str:
    code = certificate.code()
    if code is None:
        return f"<pre class='hex'>{escape(certificate.proof.decode())}</pre>"
    return f"<figure>{code.svg_inline(scale=4, border=4)}</figure>"
