"""``python -m tests.training.busy_worker``: counts in a file of its workspace, as does its child.

It has the options of a worker, and ends when its connection does, unless it is frozen.
"""

from __future__ import annotations

import argparse
import os
import socket
import time
from pathlib import Path

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--workspace", type=Path)
    parser.add_argument("--socket", type=int)
    options, _ = parser.parse_known_args()
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=options.socket)
    name = "child" if os.fork() == 0 else "worker"
    (options.workspace / f"{name}.pid").write_text(str(os.getpid()))
    connection.setblocking(False)
    count = 0
    while True:
        if name == "worker":
            try:
                connection.send(b".")
            except OSError:
                os._exit(0)
        count += 1
        pending = options.workspace / f"{name}.new"
        pending.write_text(str(count))
        pending.rename(options.workspace / name)
        time.sleep(0.05)
