"""The ledger of training: one of its own, kept from one training to the next, whose name says so.

It is kept as any ledger is: who practises an auditor's work needs days to look back on, and a
certificate of an earlier training can still be checked. It holds pseudonyms and no pictures.
"""

from __future__ import annotations

import os
from pathlib import Path

from appliance.audit.keys.ledger_keys import SIGNING, LedgerKeys, keys_folder_for
from appliance.files.locations import state_folder


def training_ledger() -> Path:
    """The folder of the user's ledger of training; its keys are in the folder next to it."""
    return state_folder() / "training" / "ledger"


def prepare_ledger(ledger: Path) -> None:
    """Make keys for ``ledger`` if there are none; its daemon makes the rest.

    Every checkpoint begins with the name of its log, which is part of what is signed: one of
    training cannot pass for one of a site. Raises ``LedgerError``.
    """
    keys = keys_folder_for(ledger)
    if not (keys / SIGNING).exists():
        LedgerKeys.create(keys, f"training.face-appliance.invalid/{os.urandom(8).hex()}")
