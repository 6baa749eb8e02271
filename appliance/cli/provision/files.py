"""Reads and shows bundles."""

from __future__ import annotations

from pathlib import Path

from appliance.cli.framework.output import LabelledValue
from appliance.errors import InputError
from appliance.files.read import read_regular
from appliance.files.reasons import reason_of
from appliance.provisioning.bundle import LIMIT, Bundle
from appliance.provisioning.document import Document
from appliance.provisioning.words import FINGERPRINT_BITS, fingerprint_words


def read_bytes(path: Path) -> bytes:
    """The bytes of the bundle in ``path``. Raises ``InputError``."""
    try:
        return read_regular(path, LIMIT)
    except OSError as error:
        reason = reason_of(error)
        raise InputError(f"The bundle cannot be read: {reason.why}.", reason.hint) from error


def fingerprint(bundle: Bundle) -> LabelledValue:
    """What people compare: on paper, and on the screen of the machine."""
    return (f"words ({FINGERPRINT_BITS} bits)", fingerprint_words(bundle.digest))


def secrecy(document: Document) -> LabelledValue:
    """Who may see the file."""
    if document.is_secret:
        return ("secret", "yes: it holds the private key for releases; keep it as you keep keys")
    return ("secret", "no: but it names people and says which tokens they have")


def erasure(document: Document) -> LabelledValue:
    """What happens to what a machine holds."""
    if document.factory_reset:
        return ("factory reset", "YES: the machine first erases all that it holds, its ledger too")
    return ("factory reset", "no")
