"""How a keeper runs programs of the system: given arguments, a fixed environment, no shell."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence

from appliance.errors import SessionError

_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
_PATIENCE = 60  # seconds


def run(*command: str, key: int | None = None, pass_fds: Sequence[int] = ()) -> str:
    """Run a program and return its stdout.

    ``key`` is a descriptor to use as its stdin, ``pass_fds`` are descriptors that it inherits.
    Raises ``SessionError`` if it fails. Its stderr is not part of the message: it may name a path.
    """
    try:
        done = subprocess.run(  # noqa: S603 - our own arguments, no shell
            command,
            stdin=subprocess.DEVNULL if key is None else key,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=pass_fds,
            env=_ENVIRONMENT,
            timeout=_PATIENCE,
            check=False,
            text=True,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SessionError(
            f"{os.path.basename(command[0])} cannot be run ({type(error).__name__}).",  # noqa: PTH119
            "Install the packages that hardening/README.md lists.",
        ) from error
    if done.returncode:
        raise SessionError(
            f"{command[0]} {command[1]} failed with exit code {done.returncode}.",
            "See the journal of the keeper and `dmesg`.",
        )
    return done.stdout
