"""The roots of all events."""

from __future__ import annotations

import msgspec


class Event(msgspec.Struct, frozen=True, tag_field="kind", omit_defaults=True):
    """Root of all events. In JSON, ``kind`` identifies the type."""


class Strict(Event, frozen=True, forbid_unknown_fields=True):
    """Root of the events, which reject unknown keys."""
