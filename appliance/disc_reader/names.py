"""How the name of a file on a disc is shown: on one line, without anything that steers a screen."""

from __future__ import annotations

from typing import Final

MAX_SHOWN: Final = 120
"""Characters of a name that are shown; the end counts more than the beginning."""


def shown(path: bytes) -> str:
    """``path`` for a person's own screen, never for a log or a message.

    What is not printable is escaped: control characters, marks that turn the direction of text,
    and bytes that are not UTF-8.
    """
    text = path.decode("utf-8", "surrogateescape")
    escaped = "".join(
        character if _is_plain(character) else _escape(character) for character in text
    )
    return escaped if len(escaped) <= MAX_SHOWN else f"…{escaped[-MAX_SHOWN + 1 :]}"


def _is_plain(character: str) -> bool:
    return character.isprintable() and character != "\\"


def _escape(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8, as Python keeps it
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
