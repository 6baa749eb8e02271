"""The file system of a disc, as commands of xorriso: the same bytes for the same files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from appliance.burner.contents import Contents

BLOCK: Final = 2048
"""Bytes of a sector of a disc."""

_APPLICATION: Final = "FACE-APPLIANCE"


def layout(folder: int, contents: Contents, label: str, date: int) -> Sequence[str]:
    """ISO 9660 with the names of Rock Ridge and Joliet, everybody may read, all of one date.

    ``folder``: the descriptor, in the program that reads them, of the folder with the files.
    ``label``: the name of the volume, of at most 32 of ISO 9660's d-characters. ``date``: seconds
    since 1970.
    """
    below = f"/proc/self/fd/{folder}"
    mapped = [
        word
        for file in contents.files
        for word in ("-map", f"{below}/{file.name}", f"/{file.name}")
    ]
    when = f"={date}"
    return [
        *("-rockridge", "on", "-joliet", "on", "-hardlinks", "off", "-md5", "off"),
        *("-volid", label, "-application_id", _APPLICATION),
        # It would name its own version and the operating system.
        *("-preparer_id", "", "-publisher", "", "-system_id", ""),
        *mapped,
        *("-chown_r", "0", "/", "--", "-chgrp_r", "0", "/", "--"),
        *("-find", "/", "-type", "f", "-exec", "chmod", "0444", "--"),
        *("-find", "/", "-type", "d", "-exec", "chmod", "0555", "--"),
        *("-find", "/", "-exec", "alter_date", "a", when, "--"),
        *("-find", "/", "-exec", "alter_date", "b", when, "--"),
    ]
