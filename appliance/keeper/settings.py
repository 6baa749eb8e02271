"""What a keeper obeys of a policy: a line of three words and two numbers, checked again.

appliance-storage.service prints the line without privileges, so it may be the word of an attacker:
each part is one of a closed list, or within the bounds that a policy has. A device is not in it.
The only device that a keeper overwrites is the one that root named in a file of its own.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from appliance.errors import SessionError
from appliance.keeper.volume import Backing, LuksVolume, MemoryVolume, Volume
from appliance.machine import RUN

SETTINGS = RUN / "storage"
DEVICE = Path("/etc/appliance/workspace-device")  # holds its path
SIZE_MIB = range(64, (64 << 20) + 1)
INODES = range(1_000, 100_000_001)

_FILES = Path("/var/lib/appliance/workspace")
_MAX = 256  # bytes of a file
_LINE = re.compile(
    r"(luks|memory) (file|device) ([0-9]{2,8}) ([0-9]{4,9}) (discard|keep)\n", re.ASCII
)
_HINT = "See the section Configuration of hardening/README.md."


def volume_of(slot: str) -> Volume:
    """The workspace of ``slot``, not made yet; raises ``SessionError`` if a setting is none."""
    line = _LINE.fullmatch(_root_owned(SETTINGS))
    if line is None or int(line[3]) not in SIZE_MIB or int(line[4]) not in INODES:
        raise SessionError("The settings of workspaces are damaged.", _HINT)
    size, inodes = int(line[3]) << 20, int(line[4])
    if line[1] == "memory":
        return MemoryVolume(slot, size, inodes)
    if line[2] == "device":
        # Each slot has its own segment of the device.
        place = Backing(_device(), size, int(slot[1:]) * size, device=True)
    else:
        place = Backing(_FILES / slot, size)
    return LuksVolume(slot, place, inodes, discards=line[5] == "discard")


def _device() -> Path:
    """The block device that root allows; raises ``SessionError`` if there is none."""
    path = Path(_root_owned(DEVICE).strip())
    if not path.is_absolute() or not path.is_block_device():
        raise SessionError("Root has allowed no block device for workspaces.", _HINT)
    return path


def _root_owned(path: Path) -> str:
    """A short file that only root can write; raises ``SessionError`` if it is anything else."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
            status, text = os.fstat(file.fileno()), file.read(_MAX)
    except OSError as error:
        raise SessionError("A file of settings is missing.", _HINT) from error
    if not stat.S_ISREG(status.st_mode) or status.st_uid or status.st_mode & 0o022:
        raise SessionError("Others than root can write a file of settings.", _HINT)
    return text.decode("ascii", errors="replace")
