"""Dropping capabilities, and doing so twice."""

from __future__ import annotations

import os
import subprocess
import sys

# Twice, with the system calls counted: query and drop; then only query.
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


def test_capabilities_are_only_queried_if_none_is_left_to_drop() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _DROPS], capture_output=True, text=True, check=True
    )
    has_powers = os.geteuid() == 0
    assert done.stdout.split() == ["2" if has_powers else "1", "1"]
