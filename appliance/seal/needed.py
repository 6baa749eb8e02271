"""What a sealed process still reads: the interpreter, the libraries and this package."""

from __future__ import annotations

import sys
from pathlib import Path

import appliance

# What the interpreter and the libraries read while models are loaded, and where a GPU's driver is.
SYSTEM = tuple(
    Path(name)
    for name in (
        *("/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/share/zoneinfo", "/lib", "/lib64"),
        *("/etc/ld.so.cache", "/etc/localtime", "/proc/self", "/proc/cpuinfo", "/proc/meminfo"),
        *("/proc/sys/kernel/seccomp", "/sys/devices/system", "/dev/urandom"),
    )
)


def interpreter() -> list[Path]:
    """Where the interpreter, the libraries and this package are."""
    homes = {sys.prefix, sys.base_prefix, *sys.path}
    return [*(Path(home) for home in homes if home), Path(appliance.__file__).parents[1]]
