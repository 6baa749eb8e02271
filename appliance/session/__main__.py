"""``appliance-broker``: recover, then serve on the socket that systemd hands over."""

from __future__ import annotations

import pwd
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

from appliance.diagnostics.process_log import configure, report_bug
from appliance.errors import ApplianceError, SessionError
from appliance.machine import AUDIT_SOCKET
from appliance.policy.load import load
from appliance.seal.environment import scrub_environment
from appliance.session import login
from appliance.session.broker import Broker
from appliance.session.cards import Cards
from appliance.session.environment import Environment
from appliance.session.keeper import SLOWEST
from appliance.session.ledger_connection import LedgerConnection
from appliance.session.pending_wipes import PendingWipeJournal
from appliance.session.recover import recover
from appliance.session.settings import Settings
from appliance.wire.activation import Watchdog, extend_timeout, listening_socket, notify_ready

_TICK = 0.5  # seconds between two checks of tokens, times and the ledger
_KIOSK = "appliance-kiosk"
_POLICY = Path("/etc/appliance/policy.yaml")
_JOURNAL = Path("/var/lib/appliance/open")


def main() -> int:
    """Serve until a signal ends it, then wipe every session. Returns the exit code."""
    scrub_environment()  # programs that it starts load foreign modules, which variables redirect
    stopping = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    stderr = sys.stderr
    try:
        listener = listening_socket(socket.SOCK_STREAM, "appliance-broker")
        settings = Settings(load(_POLICY))
        stderr = configure("broker", settings.policy.system.log_level)
        ledger, journal = LedgerConnection(AUDIT_SOCKET), PendingWipeJournal(_JOURNAL)
        recover(ledger, journal, before_each=_one_more_wipe)
        broker = Broker(settings, ledger, journal, Environment(_tokens_of(settings)))
        service = broker.service(_user_id(_KIOSK))
    except ApplianceError as error:
        stderr.write(f"error: {error.message}\nhint: {error.hint}\n")
        return error.exit_code
    serving = Thread(target=service.listen, args=(listener,), daemon=True)
    serving.start()
    notify_ready()
    _run(broker.tick, serving, stopping, Watchdog())
    # The socket stays open: systemd passes it on to the next broker.
    return 0 if broker.end_all(_one_more_wipe) else 1


def _one_more_wipe() -> None:
    """Eight sessions one after the other may take longer than a unit has to start or to stop."""
    extend_timeout(SLOWEST)


def _run(tick: Callable[[], None], serving: Thread, stopping: Event, watchdog: Watchdog) -> None:
    """Call ``tick`` until ``stopping``, and report each call that was right to the watchdog.

    Both must go on: without ticks no session is locked, without ``serving`` none can be opened.
    One tick that fails must not end the broker, which would wipe everybody's session.
    """
    while not stopping.wait(_TICK):
        try:
            tick()
        except Exception as bug:  # noqa: BLE001 - the next one may be right; else systemd ends it
            report_bug(bug)
            continue
        if serving.is_alive():
            watchdog.still_running()


def _tokens_of(settings: Settings) -> Callable[[], frozenset[str]]:
    """What lists the tokens that are plugged in: the kernel, or the module of smart cards."""
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
