"""Times as the screens of auditor and administrator show them: of the machine's clock, in UTC."""

from __future__ import annotations

import time
from typing import Final

DAY: Final = 86_400_000
"""Milliseconds."""


def date(at: int) -> str:
    """The day of ``at``, in milliseconds since 1970, as ISO 8601 has it."""
    return time.strftime("%Y-%m-%d", time.gmtime(at / 1000))


def minute(at: int) -> str:
    """Day and minute of ``at``, in milliseconds since 1970."""
    return time.strftime("%Y-%m-%d %H:%M", time.gmtime(at / 1000))


def second(at: int) -> str:
    """Day and second of ``at``, in milliseconds since 1970."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at / 1000))
