"""The end of a process with its connection, whatever it is doing then."""

from __future__ import annotations

import os
import select
import socket
from threading import Thread


def end_with(connection: socket.socket) -> None:
    """End this process as soon as the other end of ``connection`` hangs up.

    What it was making has no name yet, and is gone with it; so are its children.
    """
    Thread(target=_watch, args=(connection.fileno(),), daemon=True).start()


def _watch(descriptor: int) -> None:
    hung_up = select.poll()
    hung_up.register(descriptor, select.POLLRDHUP)
    hung_up.poll()
    os._exit(0)
