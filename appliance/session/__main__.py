"""``appliance-broker``: recover, then serve on the socket that systemd passes."""

from __future__ import annotations

import pwd
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

from appliance.diagnostics.process_log import configure
from appliance.errors import ApplianceError, SessionError
from appliance.policy.load import load
from appliance.session import login
from appliance.session.broker import Broker
from appliance.session.cards import Cards
from appliance.session.ledger import LedgerLine
from appliance.session.marks import Marks
from appliance.session.recover import recover
from appliance.session.settings import Settings
from appliance.wire.activation import Watchdog, listening_socket, notify_ready

_ROUND = 0.5  # seconds between two checks of tokens, timeouts and the ledger
_KIOSK = "appliance-kiosk"
_POLICY = Path("/etc/appliance/policy.yaml")
_MARKS = Path("/var/lib/appliance/open")
_AUDIT = Path("/run/appliance/audit.sock")


def main() -> int:
    """Serve until terminated, then wipe every session. Returns the exit code."""
    stopping = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    stderr = sys.stderr
    try:
        listener = listening_socket(socket.SOCK_STREAM, "appliance-broker")
        settings = Settings(load(_POLICY))
        stderr = configure("broker", settings.policy.system.log_level)
        ledger, marks = LedgerLine(_AUDIT), Marks(_MARKS)
        recover(ledger, marks)
        broker = Broker(settings, ledger, marks, _tokens_of(settings))
        service = broker.service(_user_id(_KIOSK))
    except ApplianceError as error:
        stderr.write(f"error: {error.message}\nhint: {error.hint}\n")
        return error.exit_code
    serving = Thread(target=service.listen, args=(listener,), daemon=True)
    serving.start()
    notify_ready()
    _run(broker.look_around, serving, stopping, Watchdog())
    # The socket is not closed: systemd keeps it, for the next broker.
    return 0 if broker.end_all() else 1


def _run(round_: Callable[[], None], serving: Thread, stopping: Event, watchdog: Watchdog) -> None:
    """Make rounds until ``stopping``, and report each to the watchdog.

    Both must go on: without rounds no session is locked, without ``serving`` none can be opened.
    """
    while not stopping.wait(_ROUND):
        round_()
        if serving.is_alive():
            watchdog.still_running()


def _tokens_of(settings: Settings) -> Callable[[], frozenset[str]]:
    """The source of the tokens that are plugged in: the kernel, or the smart cards' module."""
    return Cards().present if settings.method == "piv" else login.tokens


def _user_id(name: str) -> int:
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError as error:
        raise SessionError(
            "The user of the kiosk is missing.", "Run systemd-sysusers, then try again."
        ) from error


if __name__ == "__main__":
    sys.exit(main())
