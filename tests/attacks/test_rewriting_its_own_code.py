"""An attacker who took over a worker with a GPU writes to its memory as a file.

A GPU's driver names its threads through /proc/self/task/*/comm, of threads that do not exist yet
when Landlock is given its paths. A rule can only name the folder, and so `mem` next to `comm`. That
`mem` stays shut is the kernel's doing: it belongs to root in a process that leaves no core, and
`comm` is the one file there that the process may write nevertheless (proc_tid_comm_permission).
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

_ATTEMPTS = """
import errno, os, sys, threading
from pathlib import Path
from appliance.seal import landlock, libc
from appliance.seal.process import leave_no_core
if os.geteuid() == 0:
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
libc.prctl(libc.PR_SET_DUMPABLE, 1)
libc.prctl(libc.PR_SET_NO_NEW_PRIVS, 1)
if sys.argv[1] == "confined":
    leave_no_core()
landlock.restrict([Path("/proc/self")], [], landlock.abi(), devices=[Path("/proc/self/task")])

def attempt(name, flags):
    try:
        os.close(os.open(f"/proc/self/task/{threading.get_native_id()}/{name}", flags))
        print(name, "open")
    except OSError as error:
        print(name, errno.errorcode[error.errno])

def attempts():
    attempt("comm", os.O_WRONLY | os.O_TRUNC)
    for flags in (os.O_WRONLY, os.O_RDWR, os.O_WRONLY | os.O_TRUNC):
        attempt("mem", flags)

later = threading.Thread(target=attempts)
later.start()
later.join()
"""


@pytest.mark.parametrize(("state", "mem"), [("plain", "open"), ("confined", "EACCES")])
def test_a_thread_can_be_named_and_its_memory_not_written(state: str, mem: str) -> None:
    """Where nothing but Landlock is in force, the memory is open: the attacker has the means."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", _ATTEMPTS, state],
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.splitlines() == ["comm open", *[f"mem {mem}"] * 3]
