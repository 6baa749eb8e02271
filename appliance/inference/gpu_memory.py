"""How much memory NVIDIA's GPUs have free, without opening one in this process."""

from __future__ import annotations

import shutil
import subprocess


def least_free_mib() -> int | None:
    """MiB free on the GPU with the least free memory; ``None`` if ``nvidia-smi`` does not tell.

    A separate program is asked: through a library the driver would open devices, and might start
    threads, in this process before it is sealed.
    """
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603 - fixed arguments
            [tool, "--query-gpu=memory.free", "--format=csv,noheader,nounits"],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
        return min(map(int, done.stdout.split()))
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
