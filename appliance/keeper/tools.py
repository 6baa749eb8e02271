"""How a keeper runs programs of the system: given arguments, a fixed environment, no shell."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from appliance.errors import SessionError

_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
_PATIENCE = 60  # seconds


def run(
    *command: str, key: int | None = None, pass_fds: Sequence[int] = (), patience: float = _PATIENCE
) -> str:
    """Run a program and return its stdout.

    ``key`` is a descriptor to use as its stdin, ``pass_fds`` are descriptors that it inherits;
    after ``patience`` seconds it is killed.
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
            timeout=patience,
            check=True,
            text=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        why = getattr(error, "returncode", type(error).__name__)
        raise SessionError(
            f"{command[0]} failed ({why}).",
            "See `dmesg`, and the packages that hardening/README.md lists.",
        ) from error
    return done.stdout
