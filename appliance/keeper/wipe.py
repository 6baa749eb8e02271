"""The end of a session: its data is made unreadable, and then searched for.

In the terms of NIST SP 800-88 Rev. 2: cryptographic erase of the workspace (the key is random,
was never stored, and is overwritten in the only memory that held it), then clear by discarding
the blocks. Each step is tried even if an earlier one failed: a mount that stays busy must not
keep the key alive.

The canaries are counted on the storage itself, before and after. Outside of the storage no worker
can hold one, so nothing is read there: what is looked for is any file of the worker's user. No
file is opened for that, and no folder of another user.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from appliance.errors import SessionError
from appliance.keeper import ledger, units
from appliance.keeper.protocol import UNKNOWN_KEY, Erasure, Search, StepName
from appliance.keeper.tools import run
from appliance.keeper.volume import CANARIES, Volume, mapped

# Where a worker could write outside of its workspace if one of its walls was missing.
_SHARED = (Path("/dev/shm"), Path("/tmp"), Path("/var/tmp"))  # noqa: S108 - only listed
_SEARCH_PATIENCE = 3.0  # seconds of one search
_REMOVAL_PATIENCE = 5.0  # seconds that systemd may take to remove a private /tmp

_Step = tuple[StepName, Callable[[], None]]


def wipe(slot: str, volume: Volume) -> Erasure:
    """Kill the worker of ``slot``, erase its workspace and log it. Failures are in the result."""
    started = time.monotonic()
    failed = _failing(("kill", lambda: units.kill(slot)))
    before = _count(volume.present, unreadable=0)
    failed += _failing(
        ("unmount", lambda: units.unmount(slot)),
        ("close", volume.close),
        ("header", volume.drop),
        ("discard", volume.discard),
        ("probe", lambda: _no_trace_of(slot)),
    )
    after = _count(volume.found, unreadable=CANARIES)
    left = _left_by(slot)
    if after or left:
        failed.append("probe")
    ms = round((time.monotonic() - started) * 1000)
    search: Search = "partial" if left is None else "whole"
    first = failed[0] if failed else None
    erasure = Erasure(volume.key_id, before, after, ms, volume.method, first, search)
    if erasure.key_id != UNKNOWN_KEY:  # otherwise this keeper made no volume
        ledger.log(erasure)
    return erasure


def _failing(*steps: _Step) -> list[StepName]:
    """Take all steps; returns those that failed."""
    failed: list[StepName] = []
    for name, action in steps:
        try:
            action()
        except (SessionError, OSError):
            failed.append(name)
    return failed


def _count(canaries: Callable[[], int], *, unreadable: int) -> int:
    """The number of canaries; ``unreadable`` if the storage cannot be read."""
    try:
        return canaries()
    except OSError:
        return unreadable


def _no_trace_of(slot: str) -> None:
    """Raises ``SessionError`` if the kernel still holds a volume or process of the session."""
    if mapped(slot) or any(units.processes_of(units.owner_of(slot).user)):
        raise SessionError("Something of the session is left.", "Restart the machine.")


def _left_by(slot: str) -> bool | None:
    """Whether the worker's user owns anything in a shared folder; ``None``: not known.

    It is not known if not every folder could be looked at in time: others can fill them.
    """
    until = time.monotonic() + _REMOVAL_PATIENCE
    try:
        while left := _owns_something(units.owner_of(slot).user):
            if time.monotonic() > until:
                break
            time.sleep(0.05)
    except SessionError:
        return None
    return left


def _owns_something(user: int) -> bool:
    """Whether ``user`` owns anything in a shared folder; raises ``SessionError`` if in doubt."""
    mine, others = ("-uid", str(user)), ("-type", "d", "!", "-uid", "0", "!", "-uid", str(user))
    found = run(
        *("find", "-P", *(str(folder) for folder in _SHARED if folder.is_dir())),
        *("-xdev", "-ignore_readdir_race"),
        # Into root's folders (systemd's private ones) and the user's own, and into no others.
        *("(", *others, "-prune", ")", "-o", "(", *mine, "-printf", ".", "-quit", ")"),
        patience=_SEARCH_PATIENCE,
    )
    return bool(found)
