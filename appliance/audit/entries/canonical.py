"""Encodes and decodes entries as canonical JSON (RFC 8785).

The bytes are hashed, so exactly one encoding of an entry is accepted: with another order of keys,
a space or an escape, the same entry would have a second hash.
"""

from __future__ import annotations

import msgspec
import rfc8785

from appliance.audit.entries.entry import Entry
from appliance.errors import LedgerError

_decoder = msgspec.json.Decoder(Entry)
# Entries contain only ASCII strings and integers below 2**53. For these, RFC 8785 amounts to sorted
# keys without spaces, which msgspec writes ten times as fast; a test compares the two.
_sorted = msgspec.json.Encoder(order="sorted")


def encode(entry: Entry) -> bytes:
    """The canonical JSON of ``entry``."""
    return rfc8785.dumps(msgspec.to_builtins(entry))


def decode(data: bytes) -> Entry:
    """The entry in ``data``. Raises ``LedgerError`` unless it is encoded canonically.

    Nothing in the error repeats the data.
    """
    try:
        entry = _decoder.decode(data)
        sound = _sorted.encode(entry) == data
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        sound = False
    if not sound:
        raise LedgerError(
            "An entry of the ledger is not the canonical form of a known event.",
            "Check the ledger with `appliance audit verify`; it may have been written by a newer "
            "version of the program.",
        )
    return entry
