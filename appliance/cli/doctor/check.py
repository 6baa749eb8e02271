"""One thing that was looked at, and how it is said."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

_PATIENCE = 30  # seconds


class Check(msgspec.Struct, frozen=True):
    """One thing that was looked at. ``evidence``: what was found, in the machine's own words."""

    group: str
    name: str
    ok: bool
    evidence: str


def verdict(group: str, name: str, wrong: Iterable[str], right: str) -> Check:
    """A check that holds, as ``right`` says, unless something is ``wrong``."""
    said = "; ".join(wrong)
    return Check(group, name, not said, said or right)


def setting_lines(file: Path) -> Iterator[str]:
    """The lines of a file of settings, without comments; none if it is not there."""
    try:
        text = file.read_text()
    except OSError:
        return
    for line in text.splitlines():
        if line.strip() and line.lstrip()[0] not in "#;":
            yield line.strip()


def run_tool(*command: str, user: str | None = None) -> tuple[int, str]:
    """Exit code and output of a program of the system; 127 if it cannot be run."""
    program = shutil.which(command[0], path="/usr/sbin:/usr/bin:/sbin:/bin")
    if program is None:
        return 127, f"{command[0]} is not installed"
    try:
        done = subprocess.run(  # noqa: S603 - our own arguments, no shell
            [program, *command[1:]],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
            timeout=_PATIENCE,
            user=user,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return 127, f"{command[0]} cannot be run ({type(error).__name__})"
    return done.returncode, done.stdout
