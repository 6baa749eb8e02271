"""The result of one check, and how it is worded."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec


class Check(msgspec.Struct, frozen=True):
    """One result. ``evidence``: what was found, quoted from the system where possible."""

    group: str
    name: str
    ok: bool
    evidence: str


def verdict(group: str, name: str, wrong: Iterable[str], right: str) -> Check:
    """Passes with the evidence ``right`` if nothing is ``wrong``; else lists what is."""
    findings = "; ".join(wrong)
    return Check(group, name, not findings, findings or right)
