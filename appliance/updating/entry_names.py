"""Names of the images on the boot partition, with the tries that are left to each.

The Boot Loader Specification ("Boot counting") appends ``+LEFT`` or ``+LEFT-DONE`` to a name.
systemd-boot changes ``+3`` to ``+2-1`` before it starts an image, and starts one with ``+0-3`` only
if there is no other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Self

FOLDER: Final = ("EFI", "Linux")
"""Where the images are on the boot partition."""

TRIES: Final = 3
"""How often an image may fail before the other one is started."""

_NAME = re.compile(r"(?P<image>[a-z0-9-]+)_(?P<version>[0-9.]+)(\+(?P<left>\d+)(-(?P<done>\d+))?)?")
_SUFFIX = ".efi"


@dataclass(frozen=True, slots=True)
class EntryName:
    """``image``: the kind of image. ``left`` and ``done``: tries; ``None`` where not counted."""

    image: str
    version: str
    left: int | None = None
    done: int | None = None

    @classmethod
    def parse(cls, name: str) -> Self | None:
        """From a file name; ``None`` if it is not one of an image of ours."""
        match = _NAME.fullmatch(name.removesuffix(_SUFFIX))
        if match is None or not name.endswith(_SUFFIX):
            return None
        left, done = match["left"], match["done"]
        return cls(
            match["image"],
            match["version"],
            None if left is None else int(left),
            None if done is None else int(done),
        )

    @property
    def is_fresh(self) -> bool:
        """Whether it has all its tries."""
        return (self.left, self.done or 0) == (TRIES, 0)

    def fresh(self) -> str:
        """The file name with all tries left."""
        return f"{self.image}_{self.version}+{TRIES}{_SUFFIX}"
