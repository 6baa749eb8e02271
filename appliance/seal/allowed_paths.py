"""What a process needs until it is sealed: interpreter, libraries, this package, a GPU's driver."""

from __future__ import annotations

import sys
from pathlib import Path

import appliance

# What the interpreter and the libraries read while models are loaded.
SYSTEM = tuple(
    Path(name)
    for name in (
        *("/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/share/zoneinfo", "/lib", "/lib64"),
        *("/etc/ld.so.cache", "/etc/localtime", "/proc/self", "/proc/cpuinfo", "/proc/meminfo"),
        *("/proc/sys/kernel/seccomp", "/sys/devices/system", "/dev/urandom"),
    )
)


# The providers whose driver opens devices and maps code of its own, and what it reads.
GPU_PROVIDERS = frozenset(("cuda", "tensorrt"))
GPU_READABLE = tuple(map(Path, ("/usr/local/cuda", "/proc/driver", "/sys/bus/pci", "/etc/nvidia")))


def interpreter() -> list[Path]:
    """Where the interpreter, the libraries and this package are."""
    homes = {sys.prefix, sys.base_prefix, *sys.path}
    return [*(Path(home) for home in homes if home), Path(appliance.__file__).parents[1]]


def gpu_devices(dev: Path = Path("/dev")) -> list[Path]:
    """What NVIDIA's driver writes to; nothing where there is no such GPU.

    Its nodes, and the names of this process's own threads: where it cannot write these (to
    /proc/self/task/*/comm) cuInit ends with error 304, seen with driver 580.
    """
    nodes = sorted(dev.glob("nvidia*"))
    return [*nodes, Path("/proc/self/task")] if nodes else []


def gpus() -> int:
    """How many GPUs of NVIDIA's driver there are."""
    return sum(path.name.removeprefix("nvidia").isdigit() for path in gpu_devices())
