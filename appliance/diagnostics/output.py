"""What a process writes: nothing but its own messages reaches the former stderr."""

from __future__ import annotations

import os
import sys
from typing import TextIO


def take_output() -> TextIO:
    """A stream to the former stderr; descriptors 1 and 2 become /dev/null.

    What is still in a buffer of stdout is discarded with all that follows it.
    """
    sys.stderr.flush()
    stderr = os.dup(2)
    null = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    for descriptor in (1, 2):  # libraries write to these
        os.dup2(null, descriptor)
    if null not in (1, 2):
        os.close(null)
    return os.fdopen(stderr, "w", buffering=1, errors="replace")
