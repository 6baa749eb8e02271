"""Whether there is memory enough to begin, said before a library or the kernel ends the process."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path

from appliance.errors import ResourceError

# Bytes of addresses that importing numpy takes, with some to spare: measured with limits of 80 to
# 150 MB. Its OpenBLAS does not raise an exception but prints words of its own and exits.
_IMPORTS = 128 << 20

LEAST = 256 << 20
"""Bytes with which a command that looks for faces gets through with a small photo or film: one of
640 by 360 pixels ended with 200 MiB and was done with 350."""


def probe_addresses() -> None:
    """Raises ``OSError`` if there are not even addresses for numpy."""
    with mmap.mmap(-1, _IMPORTS):
        pass


def check_container(root: Path = Path("/")) -> None:
    """Raises ``ResourceError`` if this process's control group has less memory than ``LEAST``.

    The kernel kills what exceeds such a limit, without a word. ``root``: of /proc and /sys.
    """
    if min(_limits(root), default=LEAST) < LEAST:
        raise ResourceError(
            "This container or control group has too little memory.",
            f"Give it at least {LEAST >> 20} MiB, and more for large photos and films.",
        )


def _limits(root: Path) -> Iterator[int]:
    """The limits in bytes of the control group and those around it: version 2, and version 1."""
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if controllers == "":
            top, name = root / "sys/fs/cgroup", "memory.max"
        elif "memory" in controllers.split(","):
            top, name = root / "sys/fs/cgroup/memory", "memory.limit_in_bytes"
        else:
            continue
        # Within a container the path may be that of the host, which is not there; its top is.
        parts = Path(path.lstrip("/")).parts
        for depth in range(len(parts) + 1):
            text = _read(top.joinpath(*parts[:depth]) / name).strip()
            if text.isdecimal():
                yield int(text)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
