"""A log of 70,000 entries, the size that the specification of the tiles takes as its example."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from appliance.audit.entries import canonical
from appliance.audit.entries.entry import Entry
from appliance.audit.entries.events import Boot
from appliance.audit.keys.ledger_keys import ANCHOR, LedgerKeys, keys_folder_for
from appliance.audit.tlog.anchor import FileAnchor
from appliance.audit.tlog.appender import Ledger, create_ledger
from tests.audit.synthetic import job_event

SIZE = 70_000


def large_entry(index: int) -> bytes:
    """The entry at ``index``."""
    event = job_event(index) if index else Boot("0.1.0")
    return canonical.encode(
        Entry(1_795_532_360_443 + index, "01234567", "test", event, index, index)
    )


@dataclass(frozen=True)
class LargeLog:
    """Its folder, keys, and its root (bytes) at several sizes."""

    folder: Path
    keys: LedgerKeys
    roots: dict[int, bytes]


def make_large_log(folder: Path) -> LargeLog:
    """In ``folder``, grown in steps that end at and next to the borders of tiles."""
    keys = LedgerKeys.create(keys_folder_for(folder), "test.example/large")
    anchor = FileAnchor(keys_folder_for(folder) / ANCHOR)
    create_ledger(folder, keys.signer, anchor)
    ledger = Ledger(folder, keys.signer, anchor)
    roots = {}
    with ledger.locked():
        for size in (1, 2, 255, 256, 257, 4096, 65_535, 65_536, 65_537, SIZE):
            ledger.append([large_entry(index) for index in range(ledger.size, size)])
            roots[size] = ledger.root
    return LargeLog(folder, keys, roots)
