"""The paths that a process needs: interpreter, libraries, this package, a GPU's driver."""

from __future__ import annotations

import sys
from pathlib import Path

import appliance

# Read by the interpreter and the libraries while models are loaded.
SYSTEM = tuple(
    Path(name)
    for name in (
        *("/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/share/zoneinfo", "/lib", "/lib64"),
        *("/etc/ld.so.cache", "/etc/localtime", "/proc/self", "/proc/cpuinfo", "/proc/meminfo"),
        *("/proc/sys/kernel/seccomp", "/sys/devices/system", "/dev/urandom"),
    )
)


# The providers whose driver opens devices and maps executable memory, and what the driver reads.
GPU_PROVIDERS = frozenset(("cuda", "tensorrt"))
GPU_READABLE = tuple(map(Path, ("/usr/local/cuda", "/proc/driver", "/sys/bus/pci", "/etc/nvidia")))


def interpreter() -> list[Path]:
    """The folders of the interpreter, the libraries and this package."""
    homes = {sys.prefix, sys.base_prefix, *sys.path}
    return [*(Path(home) for home in homes if home), Path(appliance.__file__).parents[1]]


def gpu_devices(dev: Path = Path("/dev")) -> list[Path]:
    """The paths that NVIDIA's driver writes to; empty if there is no such GPU.

    These are its device nodes, and the folder of this process's threads: the driver names threads
    through /proc/self/task/*/comm, and cuInit fails with error 304 if it cannot (driver 580). The
    threads do not exist yet, so Landlock can only be given the folder. Next to ``comm`` lies
    ``mem``, through which a process rewrites its own code. It belongs to root as long as the
    process leaves no core (``process.leave_no_core``), so only a command that root runs could open
    it. That is no more than the driver needs anyway, which maps executable memory.
    """
    nodes = sorted(dev.glob("nvidia*"))
    return [*nodes, Path("/proc/self/task")] if nodes else []


def gpus() -> int:
    """The number of NVIDIA GPUs."""
    return sum(path.name.removeprefix("nvidia").isdigit() for path in gpu_devices())
