"""The report as one page of HTML that holds its pictures and fetches nothing."""

from __future__ import annotations

import base64
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from appliance.cli.simulate.report.content import Content
from appliance.cli.simulate.report.pictures import SIZE
from appliance.cli.simulate.report.words_font import words_font
from appliance.pipeline.simulation.words import WORDS


def as_html(page: Content) -> bytes:
    """The page, in UTF-8."""
    text = (
        _environment()
        .get_template("simulation.html.j2")
        .render(title=page.title, words=WORDS, page=page, size=SIZE, font=words_font())
    )
    return text.encode()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("appliance.cli.simulate.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["base64"] = _base64
    return environment


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
