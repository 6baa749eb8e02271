"""The two secrets of a ledger, in files that only their owner can read.

::

    log.skey         the signing key, one line (see signed_note.py)
    pseudonym.key    32 bytes
    anchor           not secret: the last checkpoint, unless --anchor keeps it on another disk

On the appliance, systemd passes them as credentials, unsealed by the TPM where there is one
(appliance-audit-keys.service seals them). On a laptop their folder is next to the ledger, never
inside it, because a ledger is copied and handed out.
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
    """The default folder for the keys of ``ledger``."""
    return ledger.with_name(f"{ledger.name}-keys")


@dataclass(frozen=True, slots=True, repr=False)
class LedgerKeys:
    """Both secrets; without a ``repr``, so that they are not logged by accident."""

    signer: Signer
    pseudonym: bytes

    @classmethod
    def generate(cls, origin: str) -> Self:
        """New keys, in memory, for a log named ``origin``. May raise ``LedgerError``."""
        return cls(Signer.generate(origin), new_key())

    def files(self) -> dict[str, bytes]:
        """The content of their files, by name; the signing key is last and completes them."""
        return {PSEUDONYM: self.pseudonym, SIGNING: f"{self.signer.skey}\n".encode()}

    @classmethod
    def create(cls, folder: Path, origin: str) -> Self:
        """Make new keys in ``folder``. Raises ``LedgerError`` if it has a signing key already."""
        keys = cls.generate(origin)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if (folder / SIGNING).exists():
                raise LedgerError(
                    "There is a signing key already, which is not replaced.",
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

        Raises ``LedgerError`` if they are missing, malformed, or readable by other users.
        """
        signing = _read_secret(folder / SIGNING).decode("ascii", "replace")
        pseudonym = _read_secret(folder / PSEUDONYM)
        if len(pseudonym) != KEY_SIZE:
            raise LedgerError(
                "The pseudonym key does not have 32 bytes.", "Restore it from its backup."
            )
        return cls(Signer.parse(signing.removesuffix("\n")), pseudonym)


def _forbidden_bits(folder: Path) -> int:
    """The mode bits that would let other users read or change a file in ``folder``.

    A credential belongs to root, and an access control list lets the user of its unit read it; the
    group bits show the mask of that list (systemd.exec(5), acl(5)).
    """
    return 0o037 if os.environ.get("CREDENTIALS_DIRECTORY") == os.fspath(folder) else 0o077


def _read_secret(path: Path) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "rb") as file:
            if os.fstat(descriptor).st_mode & _forbidden_bits(path.parent):
                raise LedgerError(
                    f"The key file {path.name} may be read by other users.",
                    "Find out who has read it, then run chmod 600 on it.",
                )
            return file.read(4096)
    except OSError as error:
        raise LedgerError(
            f"The key file {path.name} is missing or may not be read.",
            "Name the folder of the ledger's keys with --keys, and run the command as their owner.",
        ) from error
