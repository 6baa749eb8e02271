"""Where a bundle comes from when the machine starts: a credential of systemd, or a disc."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from appliance.disc_reader.contents import blocks_of
from appliance.disc_reader.lister import list_disc
from appliance.disc_reader.medium import Medium
from appliance.errors import InputError
from appliance.files.read import read_regular
from appliance.provisioning.bundle import LIMIT, NAME
from appliance.provisioning.refusal import RefusedError

CREDENTIAL: Final = "appliance.provision"
"""Its name: the firmware gives it as ``io.systemd.credential.binary:appliance.provision=…``."""


def from_credential(folder: Path) -> bytes | None:
    """The bundle among the unit's credentials; ``None`` if there is none.

    Raises ``RefusedError`` if it is too large.
    """
    with _as_refusal():
        try:
            return read_regular(folder / CREDENTIAL, LIMIT)
        except FileNotFoundError:
            return None


def from_disc(drive: Path) -> bytes | None:
    """The bundle in the root of the disc in ``drive``; ``None`` if there is no disc or no bundle.

    A sealed program lists the disc; nothing of it is mounted. Raises ``RefusedError`` if the bundle
    cannot be read, and ``SealError`` if the program cannot be sealed here.
    """
    try:
        medium = Medium.open(drive)
    except InputError:
        return None  # no drive, no disc, or one without files
    with medium, _as_refusal():
        found = [file for file in list_disc(medium) if file.path == b"/" + NAME.encode()]
        if not found:
            return None
        if found[0].size > LIMIT:
            raise _unreadable()
        return b"".join(blocks_of(medium, found[0]))


@contextmanager
def _as_refusal() -> Iterator[None]:
    try:
        yield
    except (InputError, OSError) as error:
        raise _unreadable() from error


def _unreadable() -> RefusedError:
    return RefusedError(
        "The bundle cannot be read.", "Burn it again, or name another file.", "unreadable"
    )
