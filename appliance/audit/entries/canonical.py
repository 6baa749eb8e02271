"""One entry, one sequence of bytes (RFC 8785), and back.

The bytes are what is hashed, so exactly one spelling of an entry is accepted: another order of
keys, a space or an escape would be a second entry that says the same.
"""

from __future__ import annotations

import msgspec
import rfc8785

from appliance.audit.entries.events import Entry
from appliance.errors import LedgerError

_decoder = msgspec.json.Decoder(Entry)
# Entries hold ASCII strings and integers below 2**53 only. For those RFC 8785 comes down to
# sorted keys without spaces, which msgspec writes ten times as fast; a test holds the two against
# each other.
_sorted = msgspec.json.Encoder(order="sorted")


def encode(entry: Entry) -> bytes:
    """The canonical JSON of ``entry``."""
    return rfc8785.dumps(msgspec.to_builtins(entry))


def decode(data: bytes) -> Entry:
    """The entry that ``data`` spells. Raises ``LedgerError`` unless it is the canonical spelling.

    Neither the message nor anything else of the error repeats the data.
    """
    try:
        entry = _decoder.decode(data)
        sound = _sorted.encode(entry) == data
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        sound = False
    if not sound:
        raise LedgerError(
            "An entry of the ledger is not the canonical form of a known event.",
            "Check the ledger with `appliance audit verify`; it may have been made by a newer "
            "version of the program.",
        )
    return entry
