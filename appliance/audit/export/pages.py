"""Renders templates: HTML that escapes every value and fetches nothing."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

# More hex digits than this are shown by their first 16.
_LONG_HEX = re.compile(r"[0-9a-f]{21,}")


def render(template: str, **values: object) -> str:
    """The page that ``template`` of this package makes of ``values``.

    Raises ``jinja2.UndefinedError`` if the template uses a value that is not given.
    """
    return _environment().get_template(template).render(values)


def environment_of(package: str) -> Environment:
    """Of the templates of ``package``: every value is escaped, and none may be missing."""
    return Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


@cache
def _environment() -> Environment:
    environment = environment_of("appliance.audit.export")
    environment.filters["utc"] = _utc
    environment.tests["long_hex"] = _is_long_hex
    return environment


def _utc(milliseconds: int, form: str) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime(form)


def _is_long_hex(text: str) -> bool:
    return _LONG_HEX.fullmatch(text) is not None
