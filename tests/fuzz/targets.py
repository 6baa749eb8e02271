"""All targets by name."""

from __future__ import annotations

from tests.fuzz import media, records

TARGETS = {**records.TARGETS, **media.TARGETS}
