"""What a process gives up of root's powers, and when it need not ask for that."""

from __future__ import annotations

import os
import subprocess
import sys

# Twice, with the system calls counted: to look and to drop; then only to look.
_DROPS = """
from appliance.seal import libc, process
real, asked = libc.syscall, []
def watched(number, *arguments):
    asked.append(number)
    return real(number, *arguments)
libc.syscall = watched
process.drop_capabilities()
first = len(asked)
process.drop_capabilities()
print(first, len(asked) - first)
"""


def test_where_nothing_is_left_to_drop_the_kernel_is_only_asked() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _DROPS], capture_output=True, text=True, check=True
    )
    has_powers = os.geteuid() == 0
    assert done.stdout.split() == ["2" if has_powers else "1", "1"]
