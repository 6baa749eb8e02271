"""Where a disc is written to: a drive, or a file that becomes the image of a disc."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from appliance.burner.problem import no_drive, not_blank, rewritable

_SCSI_CDROM, _SCSI_GENERIC = 11, 21  # majors (Linux, admin-guide/devices.txt)

# As xorriso names the profiles of MMC that can be written once.
_ONCE: Final = frozenset(
    (
        *("CD-R", "DVD-R", "DVD-R sequential recording", "DVD-R/DL sequential recording"),
        *("DVD-R/DL layer jump recording", "DVD+R", "DVD+R/DL", "BD-R sequential recording"),
        "BD-R random recording",
    )
)


class Medium(Protocol):
    """What xorriso is to write to, and how it is judged before and after."""

    @property
    def address(self) -> str:
        """As xorriso takes it."""

    @property
    def inherited(self) -> Sequence[int]:
        """Descriptors that the address names."""

    @property
    def is_disc(self) -> bool:
        """Whether it is a real one, which can be spoiled; an image is deleted."""

    def check_blank(self, toc: Sequence[str]) -> None:
        """Raises ``DiscError`` unless ``toc``, as xorriso lists it, is that of a blank medium."""

    def is_closed(self, toc: Sequence[str]) -> bool:
        """Whether, by its ``toc``, nothing can be added any more."""


@dataclass(frozen=True, slots=True)
class Drive:
    """A drive with a disc in it that can be written once; ``address``: its device."""

    address: str
    inherited: Sequence[int] = ()
    is_disc: bool = True

    @classmethod
    def at(cls, device: Path) -> Drive:
        """The drive that is the ``device``. Raises ``DiscError`` if it is none."""
        try:
            path = device.resolve(strict=True)
            status = path.stat()
        except OSError as error:
            raise no_drive() from error
        if not _is_drive(status):
            raise no_drive()
        return cls(os.fspath(path))

    def check_blank(self, toc: Sequence[str]) -> None:
        """See ``Medium``."""
        state = _value(toc, "Media status")
        kind = _value(toc, "Media current")
        if kind is None or state is None or kind == "is not recognizable":
            raise no_drive()
        if state != "is blank":  # a closed DVD+R calls itself a DVD-ROM
            raise not_blank()
        if kind not in _ONCE:
            raise rewritable()

    def is_closed(self, toc: Sequence[str]) -> bool:
        """See ``Medium``."""
        return _value(toc, "Media status") == "is written , is closed"


@dataclass(frozen=True, slots=True)
class ImageFile:
    """An empty regular file, by a descriptor that can be read and written."""

    descriptor: int
    is_disc: bool = False

    @property
    def address(self) -> str:
        """The file may have no name."""
        return f"stdio:/proc/self/fd/{self.descriptor}"

    @property
    def inherited(self) -> Sequence[int]:
        """The file."""
        return (self.descriptor,)

    def check_blank(self, toc: Sequence[str]) -> None:
        """See ``Medium``."""
        if _value(toc, "Media status") != "is blank" or os.fstat(self.descriptor).st_size:
            raise not_blank()

    def is_closed(self, toc: Sequence[str]) -> bool:
        """A file can always be changed: what counts is that its hash is known."""
        return True


def _is_drive(status: os.stat_result) -> bool:
    major = os.major(status.st_rdev)
    if stat.S_ISBLK(status.st_mode):
        return major == _SCSI_CDROM
    return stat.S_ISCHR(status.st_mode) and major == _SCSI_GENERIC


def _value(toc: Sequence[str], label: str) -> str | None:
    """The last value with ``label``, as in "Media status : is blank"."""
    found = None
    for line in toc:
        name, colon, value = line.partition(":")
        if colon and name.rstrip() == label:
            found = value.strip()
    return found
