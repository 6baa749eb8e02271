"""The folder in which people put together what becomes a bundle.

``site.toml`` names the appliance and the signers; ``policy.yaml``, ``tokens``, ``roles`` and
``workspace-device`` are the files that hardening/README.md describes for ``/etc/appliance``; keys
for releases are in ``release/``, as ``appliance release keys`` makes it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from appliance.errors import InputError
from appliance.files.read import read_regular
from appliance.files.reasons import reason_of
from appliance.policy.load import LIMIT as POLICY_LIMIT
from appliance.provisioning.document import Document, ReleaseFiles
from appliance.provisioning.refusal import RefusedError

SITE: Final = "site.toml"
_LIMIT = 1 << 18  # bytes of a file


class _Site(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``signers``: the second line of a minisign ``.pub`` file for each name."""

    appliance: str
    signers: dict[str, str]


def read_folder(folder: Path, number: int) -> Document:
    """The document that the files in ``folder`` make, with ``number``.

    Raises ``InputError`` if a file cannot be read, and ``RefusedError`` if what they say is not
    sound.
    """
    try:
        site = msgspec.toml.decode(_needed(folder / SITE), type=_Site)
        document = msgspec.convert(_document(folder, site, number), Document)
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RefusedError(
            f"The folder does not make a bundle: {_reason(error)}.",
            "docs/usage.md says what each file holds.",
        ) from error
    document.check()
    return document


def _document(folder: Path, site: _Site, number: int) -> dict[str, object]:
    tokens = _pairs(_optional(folder / "tokens", ""), "tokens")
    roles = _pairs(_optional(folder / "roles", ""), "roles")
    people = [
        {
            "name": name,
            "roles": [role.strip() for role in roles[name].split(",")] if name in roles else [],
            "token": tokens.get(name),
        }
        for name in sorted({*tokens, *roles})
    ]
    return {
        "appliance": site.appliance,
        "number": number,
        "policy": _needed(folder / "policy.yaml", POLICY_LIMIT).decode(),
        "signers": [{"name": name, "key": key} for name, key in sorted(site.signers.items())],
        "people": people,
        "workspace_device": _optional(folder / "workspace-device", "").strip() or None,
        "release": _release(folder / "release"),
    }


def _pairs(text: str, what: str) -> dict[str, str]:
    """``NAME:VALUE`` of each line that says something. Raises ``RefusedError``."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, colon, value = line.strip().partition(":")
        if not name or name.startswith("#"):
            continue
        # A second token of a person follows another colon.
        if not colon or name in found or ":" in value:
            raise RefusedError(
                f"A line of the file of {what} is not of the form NAME:…, or names a person again.",
                "Write one line for each person, with one token.",
                "people",
            )
        found[name.strip()] = value
    return found


def _release(folder: Path) -> ReleaseFiles | None:
    if not folder.exists():
        return None
    return ReleaseFiles(
        certificate=_needed(folder / "release.pem").decode(),
        key=_needed(folder / "release.key").decode(),
        watermark=_needed(folder / "watermark.key"),
        anchor=_needed(folder / "anchor.pem").decode(),
    )


def _optional(path: Path, otherwise: str) -> str:
    return _needed(path).decode() if path.exists() else otherwise


def _needed(path: Path, limit: int = _LIMIT) -> bytes:
    try:
        return read_regular(path, limit)
    except OSError as error:
        reason = reason_of(error)
        raise InputError(
            f"A file of the folder cannot be read: {reason.why}.",
            "docs/usage.md says which files it holds.",
        ) from error


def _reason(error: Exception) -> str:
    """Msgspec names the key and what may stand there; it does not quote what does."""
    return str(error) if isinstance(error, msgspec.ValidationError) else "a text cannot be read"
