"""The font that holds the Chinese words of a report, and nothing more."""

from __future__ import annotations

from functools import cache

from appliance.resources import fonts


@cache
def words_font() -> bytes:
    """The TrueType file; read once, before the process is sealed."""
    return (fonts() / "words.ttf").read_bytes()
