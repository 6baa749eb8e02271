"""The two secrets of a ledger, as files that only their owner reads.

::

    log.skey         the signing key, one line (see signed_note.py)
    pseudonym.key    32 bytes
    anchor           no secret: the last checkpoint, unless --anchor keeps it on another disk

On the appliance the folder is what systemd hands over as credentials, unsealed by the TPM where
there is one (appliance-audit-keys.service seals them); on a laptop it lies beside the ledger, never
in it, because a ledger is copied and given away.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from appliance.audit.entries.pseudonyms import KEY_SIZE, new_key
from appliance.audit.tlog.appender import as_ledger_error
from appliance.audit.tlog.signed_note import Signer
from appliance.errors import LedgerError
from appliance.files.atomic import publish, sync_folder

SIGNING = "log.skey"
PSEUDONYM = "pseudonym.key"
ANCHOR = "anchor"


def keys_folder_for(ledger: Path) -> Path:
    """Where the keys of a ledger are when nobody says otherwise."""
    return ledger.with_name(f"{ledger.name}-keys")


@dataclass(frozen=True, slots=True, repr=False)
class LedgerKeys:
    """Both secrets. They have no representation, so that they enter no log by accident."""

    signer: Signer
    pseudonym: bytes

    @classmethod
    def generate(cls, origin: str) -> Self:
        """New keys of a log of this name, in memory."""
        return cls(Signer.generate(origin), new_key())

    def files(self) -> dict[str, bytes]:
        """What each of their files holds, by name; with the last one they are whole."""
        return {PSEUDONYM: self.pseudonym, SIGNING: f"{self.signer.skey}\n".encode()}

    @classmethod
    def create(cls, folder: Path, origin: str) -> Self:
        """New keys in ``folder``. Raises ``LedgerError`` if there are some already."""
        keys = cls.generate(origin)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if (folder / SIGNING).exists():
                raise LedgerError(
                    "There is a signing key already; it is not replaced.",
                    "Name another folder with --keys.",
                )
            publish(folder, keys.files(), mode=0o600)
            sync_folder(folder.parent)
        except OSError as error:
            raise as_ledger_error(error) from error
        return keys

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The keys in ``folder``.

        Raises ``LedgerError`` if they are missing, malformed, or may be read by others.
        """
        signing = _read_secret(folder / SIGNING).decode("ascii", "replace")
        pseudonym = _read_secret(folder / PSEUDONYM)
        if len(pseudonym) != KEY_SIZE:
            raise LedgerError(
                "The key of the pseudonyms has not 32 bytes.", "Restore it from its safe copy."
            )
        return cls(Signer.parse(signing.removesuffix("\n")), pseudonym)


def _others(folder: Path) -> int:
    """The bits of a file's mode that let others read or change it.

    A credential is root's, and an access control list lets the one user of its unit read it: the
    bits of the group show the mask of that list (systemd.exec(5), acl(5)).
    """
    return 0o037 if os.environ.get("CREDENTIALS_DIRECTORY") == os.fspath(folder) else 0o077


def _read_secret(path: Path) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "rb") as file:
            if os.fstat(descriptor).st_mode & _others(path.parent):
                raise LedgerError(
                    f"The key file {path.name} may be read by other users.",
                    "Find out who read it, then take the permission away: chmod 600.",
                )
            return file.read(4096)
    except OSError as error:
        raise LedgerError(
            f"The key file {path.name} is missing or may not be read.",
            "Name the folder of the ledger's keys with --keys, as the user they belong to.",
        ) from error
