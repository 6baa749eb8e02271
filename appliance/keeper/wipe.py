"""The end of a session: its data is made unreadable, and then searched for.

In the terms of NIST SP 800-88 Rev. 2: cryptographic erase of the workspace (the key is random,
was never stored, and is overwritten in the only memory that held it), then clear by discarding
the blocks. Each step is tried even if an earlier one failed: a mount that stays busy must not
keep the key alive.
"""

from __future__ import annotations

import mmap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from appliance.errors import SessionError
from appliance.keeper import units
from appliance.keeper.protocol import Erasure, StepName
from appliance.keeper.volume import CANARIES, Volume, mapped

_LEFTOVERS = (Path("/dev/shm"), Path("/tmp"), Path("/var/tmp"))  # noqa: S108 - only read
_JOURNALS = (Path("/run/log/journal"), Path("/var/log/journal"))
_DROP_CACHES = Path("/proc/sys/vm/drop_caches")


def wipe(slot: str, volume: Volume) -> Erasure:
    """Kill the worker of ``slot`` and erase its workspace. Failures are in the result."""
    started = time.monotonic()
    planted = len(volume.canaries)
    steps: tuple[tuple[StepName, Callable[[], None]], ...] = (
        ("kill", lambda: units.kill(slot)),
        ("unmount", lambda: units.unmount(slot)),
        ("close", volume.close),
        ("header", volume.drop),
        ("discard", volume.discard),
        ("probe", lambda: _no_trace_of(slot)),
    )
    failed = [name for name, action in steps if not _succeeds(action)]
    after = _found(volume)
    if after and not failed:
        failed.append("probe")
    return Erasure(
        key_id=volume.key_id,
        before=planted,
        after=after,
        ms=round((time.monotonic() - started) * 1000),
        method=volume.method,
        failed=failed[0] if failed else None,
    )


def _succeeds(action: Callable[[], None]) -> bool:
    try:
        action()
    except (SessionError, OSError):
        return False
    return True


def _no_trace_of(slot: str) -> None:
    """Raises ``SessionError`` if the kernel still holds a volume or process of the session."""
    # Drop cached pages of the closed workspace now, not when memory runs short.
    _DROP_CACHES.write_text("3")
    if mapped(slot):
        raise SessionError("The volume is still open.", "Restart the machine.")
    if any(units.processes_of(units.owner_of(slot).user)):
        raise SessionError("A process of the worker is left.", "Restart the machine.")


def _found(volume: Volume) -> int:
    """How many canaries are readable on raw storage or where a program may have left them."""
    try:
        in_storage = volume.found()
    except OSError:
        in_storage = CANARIES  # what cannot be read counts as found
    plain = [canary.plain[:32] for canary in volume.canaries]
    return in_storage + sum(_holds(path, plain) for path in _places())


def _places() -> Iterator[Path]:
    for folder in (*_LEFTOVERS, *_JOURNALS):
        if folder.is_dir():
            yield from (path for path in folder.rglob("*") if path.is_file())


def _holds(path: Path, texts: list[bytes]) -> int:
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as content:
            return sum(content.find(text) >= 0 for text in texts)
    except (OSError, ValueError):
        return 0  # it has gone, or is empty
