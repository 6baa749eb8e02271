"""``python -m appliance.training.tied PARENT MODULE …``: run a module that ends with its parent.

The kernel kills it when the process ``PARENT``, by its id, ends in any way, be this process stopped
or not (PR_SET_PDEATHSIG). More exactly, when the thread ends that started it (prctl(2)).
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
from collections.abc import Sequence

from appliance.seal.libc import PR_SET_PDEATHSIG, prctl


def tied(module: str, *arguments: str) -> list[str]:
    """The command line of ``module``, tied to the thread that starts it."""
    return untied("appliance.training.tied", str(os.getpid()), module, *arguments)


def untied(module: str, *arguments: str) -> list[str]:
    """The command line of ``module``, which goes on until it ends itself."""
    # -P: do not import modules from the current folder.
    return [sys.executable, "-P", "-m", module, *arguments]


def main(arguments: Sequence[str]) -> None:
    """Tie this process to its parent, then run the module."""
    parent, module, *rest = arguments
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(parent):
        sys.exit(1)  # it has ended already
    sys.argv = [module, *rest]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
