"""Why the system refused a file: its error numbers in words, and what to do about each.

For every file that a person names, to be read or written; the words hold no path.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """``why``: a clause for the end of a sentence. ``hint``: what to do next."""

    why: str
    hint: str


_NO_SPACE = Reason("there is no space left", "Free some space and try again.")
_NO_QUOTA = Reason(
    "the quota of this user is used up", "Delete other files of this user, or use another disk."
)
_TOO_LARGE = Reason(
    "it would be larger than a file may be here",
    "Raise the limit of this process (ulimit -f), or use another disk: FAT takes up to 4 GiB.",
)
_DENIED = Reason("permission is denied", "Ask the owner for permission, or use another folder.")
_READ_ONLY = Reason("the disk can only be read", "Use a folder on another disk.")
_NAME_TOO_LONG = Reason(
    "the name is too long",
    "Use a shorter one: a name has up to 255 bytes, and a letter beyond ASCII takes two to four.",
)
_BAD_NAME = Reason(
    "the disk does not take this name", "Use letters, digits and dots only, or another disk."
)
_LOOP = Reason("symbolic links lead in a circle", "Name the file itself.")
_NO_FOLDER = Reason("the folder does not exist", "Create it, or name another.")
_NOT_A_FOLDER = Reason("a part of the path is not a folder", "Check the spelling of the path.")
_FOLDER = Reason("it is a folder", "Name a file.")
_NOT_A_FILE = Reason("it is not a plain file", "Name a plain file.")
_BUSY = Reason("another program uses it", "Close that program and try again.")
_DISK_FAILED = Reason("the disk failed", "Check the disk, or use another.")
_NETWORK_FAILED = Reason(
    "the network drive does not answer", "Check the connection, or use a disk of this machine."
)
_TOO_MANY_OPEN = Reason(
    "too many files are open", "Close other programs, or raise the limit (ulimit -n)."
)
_NO_MEMORY = Reason("there is not enough memory", "Close other programs, or raise the limit.")
_WRONG_WAY = Reason("it was opened for reading only", "Open it for writing.")

_REASONS = {
    errno.ENOSPC: _NO_SPACE,
    errno.EDQUOT: _NO_QUOTA,
    errno.EFBIG: _TOO_LARGE,
    errno.EACCES: _DENIED,
    errno.EPERM: _DENIED,
    errno.EROFS: _READ_ONLY,
    errno.ENAMETOOLONG: _NAME_TOO_LONG,
    errno.EILSEQ: _BAD_NAME,
    errno.ELOOP: _LOOP,
    errno.ENOENT: _NO_FOLDER,
    errno.ENOTDIR: _NOT_A_FOLDER,
    errno.EISDIR: _FOLDER,
    errno.ENXIO: _NOT_A_FILE,
    errno.ENODEV: _NOT_A_FILE,
    errno.EBUSY: _BUSY,
    errno.ETXTBSY: _BUSY,
    errno.EIO: _DISK_FAILED,
    errno.EUCLEAN: _DISK_FAILED,
    errno.ESTALE: _NETWORK_FAILED,
    errno.ETIMEDOUT: _NETWORK_FAILED,
    errno.ENOTCONN: _NETWORK_FAILED,
    errno.EHOSTDOWN: _NETWORK_FAILED,
    errno.EHOSTUNREACH: _NETWORK_FAILED,
    errno.EREMOTEIO: _NETWORK_FAILED,
    errno.EMFILE: _TOO_MANY_OPEN,
    errno.ENFILE: _TOO_MANY_OPEN,
    errno.ENOMEM: _NO_MEMORY,
    errno.EBADF: _WRONG_WAY,
}


def reason_of(error: OSError) -> Reason:
    """What ``error`` means; the bare name of its number where that is not listed."""
    number = error.errno or 0
    name = errno.errorcode.get(number, "unknown error")
    return _REASONS.get(number, Reason(f"the system answered {name}", "Check the disk."))
