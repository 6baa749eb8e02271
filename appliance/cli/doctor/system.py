"""Reads the settings of a machine and runs its tools."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from appliance.tpm.tools import LONGEST

_NOT_RUN = 127  # as shells report a command that was not found


def setting_lines(file: Path) -> Iterator[str]:
    """The lines of a configuration file, without comments; none if it cannot be read."""
    try:
        text = file.read_text()
    except OSError:
        return
    for line in text.splitlines():
        if line.strip() and line.lstrip()[0] not in "#;":
            yield line.strip()


def run_tool(*command: str, user: str | None = None) -> tuple[int, str]:
    """Exit code and output of a system program; 127 and the reason if it cannot be run.

    Some wait for systemd or the TPM, so each has as long as a program of the TPM.
    """
    program = shutil.which(command[0], path="/usr/sbin:/usr/bin:/sbin:/bin")
    if program is None:
        return _NOT_RUN, f"{command[0]} is not installed"
    try:
        done = subprocess.run(  # noqa: S603 - our own arguments, no shell
            [program, *command[1:]],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
            timeout=LONGEST,
            user=user,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return _NOT_RUN, f"{command[0]} cannot be run ({type(error).__name__})"
    return done.returncode, done.stdout
