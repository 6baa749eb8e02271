"""The report as one page of HTML that holds its pictures and fetches nothing."""

from __future__ import annotations

import base64
from functools import cache

import segno
from jinja2 import Environment

from appliance.audit.export.certificate.facts import CHECKER
from appliance.audit.export.pages import environment_of
from appliance.cli.simulate.report.content import HOW_TO_CHECK, PROVED, Content
from appliance.cli.simulate.report.pictures import SIZE
from appliance.pipeline.simulation.lettering import words_font
from appliance.pipeline.simulation.words import WORDS


def as_html(page: Content) -> bytes:
    """The page, in UTF-8."""
    text = (
        _environment()
        .get_template("simulation.html.j2")
        .render(
            title=page.title,
            words=WORDS,
            page=page,
            size=SIZE,
            font=words_font(1),
            proved=PROVED,
            how_to_check=HOW_TO_CHECK,
            checker=CHECKER,
            code=_code(page.proof),
        )
    )
    return text.encode()


@cache
def _environment() -> Environment:
    environment = environment_of("appliance.cli.simulate.report")
    environment.filters["base64"] = _base64
    return environment


def _code(proof: str | None) -> str | None:
    """The proof as a QR code; ``None`` if there is none, or it is too long for one."""
    if proof is None:
        return None
    try:
        code = segno.make_qr(proof.encode(), error="l", boost_error=False)
    except segno.DataOverflowError:
        return None
    return code.svg_inline(scale=3, border=4)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
