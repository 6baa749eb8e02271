"""How much memory NVIDIA's GPUs have left, asked without using one."""

from __future__ import annotations

import shutil
import subprocess


def least_free_mib() -> int | None:
    """MiB that are free on the fullest GPU; ``None`` where the driver's own tool does not say.

    Through a program of its own: asked by a library, the driver would open devices and may start
    threads here, before the process is sealed.
    """
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603 - fixed words
            [tool, "--query-gpu=memory.free", "--format=csv,noheader,nounits"],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
        return min(map(int, done.stdout.split()))
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
