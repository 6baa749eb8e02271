"""How a process turns into a program of the system that must not be trusted with anything.

Some parsers of foreign data are programs of their own. They can be sealed from outside: Landlock
and the filter of system calls outlive ``execve``. Such a program reads the libraries of the system
and the descriptors that it is given, writes to open descriptors, and can do nothing else. Unlike
our own processes it still has to be loaded, so it may map executable memory and open the files that
are left to it; and it may start nothing but itself again.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from appliance.errors import SealError
from appliance.seal import landlock, process, seccomp

# What a program of Debian's reads while it is loaded.
_LIBRARIES = tuple(
    Path(name)
    for name in ("/usr/lib", "/usr/lib64", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime")
)
# The kernel runs them in order to load a program.
_LOADERS = (Path("/lib64/ld-linux-x86-64.so.2"), Path("/lib/ld-linux-aarch64.so.1"))
_ENVIRONMENT = {"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}


@dataclass(frozen=True, slots=True)
class Limits:
    """``memory``: bytes of address space. ``seconds``: of processor time."""

    memory: int
    seconds: int


def become_sealed(
    program: Path, arguments: Sequence[str], limits: Limits, *, descriptors: Sequence[int] = ()
) -> NoReturn:
    """Replace this process by ``program``, with no network and no path but the system's libraries.

    ``arguments``: the name under which it runs, then the rest. ``descriptors``: open files that it
    may open again by ``/dev/fd``, for reading; of a drive it may ask how large its disc is. All but
    these and the standard three are closed. Call it in a process of one thread. Raises
    ``SealError`` where Landlock or the filter is not available, and ``OSError`` if the program
    cannot be run.
    """
    version = landlock.abi()
    if not version or not seccomp.available():
        raise SealError(
            "This machine cannot seal a program of the system.",
            "Use Linux 5.13 or newer with Landlock enabled, and install libseccomp2.",
        )
    process.close_all_but(descriptors)
    for limit, highest in (
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_CPU, limits.seconds),
        (resource.RLIMIT_FSIZE, 0),
    ):
        resource.setrlimit(limit, (highest, highest))
    process.leave_no_core()
    process.drop_capabilities()
    again = [Path(f"/proc/self/fd/{descriptor}") for descriptor in descriptors]
    landlock.restrict(
        _LIBRARIES,
        (),
        version,
        read_devices=again,
        executable=[program.resolve(strict=True), *_LOADERS],
    )
    seccomp.restrict(starting=True)
    os.execve(program, list(arguments), _ENVIRONMENT)  # noqa: S606 - a path that our code states
