"""What systemd and a service tell each other: passed sockets, readiness and the watchdog.

By systemd's own library (sd_listen_fds_with_names(3), sd_notify(3)). Where it is not installed a
service can still be started by hand, with a socket of its own.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from threading import Thread

from appliance.errors import WireError

try:
    from systemd import daemon
except ImportError:  # a development machine; on the appliance the units need it
    daemon = None

WATCHDOG_INTERVAL = 20.0
"""Seconds between two messages to the watchdog; the units allow several times as long."""


def listening_socket(kind: socket.SocketKind, name: str) -> socket.socket:
    """The one AF_UNIX socket of type ``kind`` that systemd passed under ``name``.

    ``name`` is the FileDescriptorName= of the socket unit. Raises ``WireError`` if systemd's
    library is missing, or if not exactly one socket of this name was passed.
    """
    if daemon is None:
        raise WireError(
            "The library of systemd is missing.",
            "Install python3-systemd, or name a socket on the command line.",
        )
    try:
        passed = daemon.listen_fds_with_names()
    except OSError:  # variables that contradict each other
        passed = {}
    descriptors = [descriptor for descriptor, given in passed.items() if given == name]
    if len(descriptors) != 1:
        raise WireError(
            "systemd did not pass the socket to serve on.",
            f"Start the socket unit of {name} instead of this program.",
        )
    # Family and type are given, not asked of the kernel: a worker is left with few system calls.
    return socket.socket(socket.AF_UNIX, kind, fileno=descriptors[0])


def one_connection(descriptor: int | None, name: str) -> socket.socket:
    """The only connection of a process that is started for one: ``descriptor``, if there is one.

    Otherwise the first to systemd's socket ``name``, which is closed then. Raises ``WireError``.
    """
    if descriptor is not None:
        return socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=descriptor)
    with listening_socket(socket.SOCK_STREAM, name) as listener:
        return listener.accept()[0]


def notify_ready() -> None:
    """Tell systemd, if it started this process, that the service answers calls now."""
    _notify("READY=1")


def extend_timeout(seconds: float) -> None:
    """Tell systemd that what starts or stops goes on, and that its next step may take so long.

    The unit's TimeoutStartSec= and TimeoutStopSec= then bound a single step and not all of them.
    """
    _notify(f"EXTEND_TIMEOUT_USEC={round(seconds * 1e6)}")


class Watchdog:
    """Tells systemd that the main loop of a service still runs (WatchdogSec= in the unit).

    To be called by that loop itself, in each round: a loop that hangs is then silent, and systemd
    ends the process and starts it again.
    """

    def __init__(
        self,
        notify: Callable[[str], object] | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._notify = notify or _notify
        self._clock = clock or time.monotonic
        self._due = self._clock()

    def still_running(self) -> None:
        """One round is done. Sends at most one message in ``WATCHDOG_INTERVAL``."""
        now = self._clock()
        if now >= self._due:
            self._due = now + WATCHDOG_INTERVAL
            self._notify("WATCHDOG=1")


def serve_watched(
    serve: Callable[[], object], each_round: Callable[[], object] = lambda: None
) -> None:
    """Run ``serve`` in a thread and report to the watchdog as long as it goes on.

    ``each_round`` is called several times between two reports. Returns once ``serve`` has.
    """
    serving = Thread(target=serve, daemon=True)
    serving.start()
    notify_ready()
    watchdog = Watchdog()
    while serving.is_alive():
        watchdog.still_running()
        each_round()
        serving.join(WATCHDOG_INTERVAL / 4)


def _notify(state: str) -> None:
    if daemon is not None:
        daemon.notify(state)
