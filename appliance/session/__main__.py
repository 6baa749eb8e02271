"""``appliance-broker``: recover, then serve on the socket that systemd hands over."""

from __future__ import annotations

import os
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
from appliance.session.ledger import LedgerConnection
from appliance.session.marks import Marks
from appliance.session.recover import recover
from appliance.session.settings import Settings

_FIRST_PASSED = 3  # SD_LISTEN_FDS_START of sd_listen_fds(3)
_ROUND = 0.5  # seconds between looks at tokens, times and the ledger
_KIOSK = "appliance-kiosk"
_POLICY = Path("/etc/appliance/policy.yaml")
_MARKS = Path("/var/lib/appliance/open")
_AUDIT = Path("/run/appliance/audit.sock")


def main() -> int:
    """Serve until told to end; then wipe all there is. The exit code."""
    stopping = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    stderr = sys.stderr
    try:
        listener = _listener()
        settings = Settings(load(_POLICY))
        stderr = configure("broker", settings.policy.system.log_level)
        ledger, marks = LedgerConnection(_AUDIT), Marks(_MARKS)
        recover(ledger, marks)
        broker = Broker(settings, ledger, marks, _tokens_of(settings))
        service = broker.service(_user_id(_KIOSK))
    except ApplianceError as error:
        stderr.write(f"error: {error.message}\nhint: {error.hint}\n")
        return error.exit_code
    Thread(target=service.listen, args=(listener,), daemon=True).start()
    _notify("READY=1")
    while not stopping.wait(_ROUND):
        broker.look_around()
    # The socket stays open: it is systemd's, and the next broker's.
    return 0 if broker.end_all() else 1


def _tokens_of(settings: Settings) -> Callable[[], frozenset[str]]:
    """Who says which tokens are plugged in: the kernel, or the module of smart cards."""
    return Cards().present if settings.method == "piv" else login.tokens


def _listener() -> socket.socket:
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        raise SessionError("There is no socket to serve on.", "Start appliance-broker.socket.")
    return socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=_FIRST_PASSED)


def _user_id(name: str) -> int:
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError as error:
        raise SessionError(
            "The user of the kiosk is missing.", "Run systemd-sysusers, then try again."
        ) from error


def _notify(state: str) -> None:
    """See sd_notify(3)."""
    address = os.environ.get("NOTIFY_SOCKET")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection:
            connection.connect("\0" + address[1:] if address.startswith("@") else address)
            connection.send(state.encode())


if __name__ == "__main__":
    sys.exit(main())
