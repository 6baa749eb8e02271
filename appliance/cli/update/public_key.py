"""The public key of an update's publisher, from a file."""

from __future__ import annotations

from pathlib import Path

from appliance.errors import InputError
from appliance.files.read import read_regular
from appliance.files.reasons import reason_of
from appliance.signatures.minisign import TEXT_LIMIT, PublicKey


def public_key(path: Path) -> PublicKey:
    """The key in ``path``. Raises ``InputError`` if it cannot be read, or ``SignatureError``."""
    try:
        text = read_regular(path, TEXT_LIMIT).decode()
    except OSError as error:
        reason = reason_of(error)
        raise InputError(f"The public key cannot be read: {reason.why}.", reason.hint) from error
    except UnicodeDecodeError as error:
        raise InputError("The public key is not a text file.", "Obtain it again.") from error
    return PublicKey.parse(text)
