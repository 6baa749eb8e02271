"""Where a user's own ledger is; it is made on first use."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from appliance.audit.keys.ledger_keys import SIGNING, LedgerKeys
from appliance.audit.tlog.anchor import FileAnchor
from appliance.audit.tlog.appender import as_ledger_error, create_ledger
from appliance.audit.tlog.reader import CHECKPOINT
from appliance.files.locations import state_folder


def default_ledger() -> Path:
    """The ledger in the state folder; its keys are in the folder next to it."""
    return state_folder() / "ledger"


def create_if_missing(ledger: Path, keys_folder: Path, anchor: FileAnchor) -> None:
    """Make ``ledger`` and its keys if they do not exist. Raises ``LedgerError``.

    The parent folder is locked meanwhile, so that processes which start together make one ledger.
    """
    try:
        ledger.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(ledger.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise as_ledger_error(error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if (ledger / CHECKPOINT).exists():
            return
        if (keys_folder / SIGNING).exists():
            keys = LedgerKeys.load(keys_folder)
        else:
            keys = LedgerKeys.create(keys_folder, random_origin())
        create_ledger(ledger, keys.signer, anchor)
    finally:
        os.close(descriptor)


def random_origin() -> str:
    """A random name for a log; the name of the host would be an unnecessary disclosure."""
    return f"face-appliance.invalid/{os.urandom(8).hex()}"
