"""The units where nothing but our files is installed, read in the order of systemd."""

from __future__ import annotations

import re
from pathlib import Path

from tests.paths import REPOSITORY

HARDENING = REPOSITORY / "hardening"
INSTALLED = "usr/lib/systemd/system"
UNITS = sorted(path.name for path in (HARDENING / "systemd").glob("*.service"))


def settings(root: Path, unit: str) -> dict[str, str]:
    """The last value of each setting in the unit and its drop-ins, in the order of systemd."""
    name = unit.removesuffix(".service")
    stems = [name[: at + 1] for at, letter in enumerate(name) if letter == "-"]
    folders = ["service.d", *(f"{stem}.service.d" for stem in stems), f"{unit}.d"]
    dropped: dict[str, Path] = {}
    for folder in folders:  # a file replaces one of the same name in a less specific folder
        dropped |= {path.name: path for path in (root / INSTALLED / folder).glob("*.conf")}
    files = [root / INSTALLED / unit, *(dropped[name] for name in sorted(dropped))]
    lines = [line for path in files if path.is_file() for line in path.read_text().splitlines()]
    return dict(line.split("=", 1) for line in lines if re.match(r"[A-Z]\w+=", line))
