"""``python -m appliance.training.broker``: the real broker, with software tokens.

Its policy must say that it is for training: where one does not, who knows the PIN that everybody
knows would be let in.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Event, Thread

from appliance.diagnostics.process_log import configure, report_bug
from appliance.errors import ApplianceError, PolicyError, SessionError, WireError
from appliance.policy.load import load
from appliance.seal.environment import scrub_environment
from appliance.session import network
from appliance.session.broker import Broker
from appliance.session.environment import Environment
from appliance.session.keeper import KeeperConnection
from appliance.session.ledger_connection import LedgerConnection
from appliance.session.pending_wipes import PendingWipeJournal
from appliance.session.recover import recover
from appliance.session.settings import Settings
from appliance.training.authentication import Authentication
from appliance.training.bus import TokenBus
from appliance.training.place import Place
from appliance.wire.client import Client
from appliance.wire.connection import connect_to

_TICK = 0.5  # seconds between two checks of tokens, times and the ledger
_PATIENCE = 60.0  # seconds that the ledger may take to start
_PATIENCE_AT_END = 10.0  # seconds, for the ledger to be back

Surroundings = Callable[[Place], Environment]
"""Gives what the broker depends on."""


def surroundings(place: Place) -> Environment:
    """Software tokens and keepers of the user. Nothing burns; in training nothing releases."""
    bus = TokenBus(place.plugged)
    bus.reset()
    return replace(
        Environment(bus.plugged),
        authenticate=Authentication(bus, place.registered),
        connect_keeper=partial(KeeperConnection, sockets=place.keepers),
        workers=place.workers,
        registered=place.registered,
        roles=place.roles,
        connect_releaser=lambda slot: Client.to(place.releasers / f"{slot}.sock"),
        connect_burner=_no_burner,
        connect_auditor=lambda: connect_to(place.auditor),
        status=place.status,
        storage={"workspaces": place.folder},
        network=network.probed,
    )


def for_training(settings: Settings) -> None:
    """Raises ``PolicyError`` unless the policy is for training."""
    if not settings.policy.training:
        raise PolicyError(
            "The policy is not for training, so software tokens are refused.",
            "Use policies/training.yaml, or one with `training: true`.",
        )


def main(
    check: Callable[[Settings], None] = for_training, around: Surroundings = surroundings
) -> int:
    """Serve until a signal ends it, then wipe every session. Returns the exit code.

    ``check`` raises ``PolicyError`` for a policy that is not obeyed.
    """
    parser = argparse.ArgumentParser(prog="training broker", description=__doc__)
    parser.add_argument("--place", type=Path, required=True, help="folder of the machine")
    parser.add_argument("--policy", type=Path, required=True, help="file of the policy")
    parser.add_argument("--listener", type=int, required=True, help="descriptor to serve on")
    options = parser.parse_args()
    scrub_environment()
    stopping = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    stderr = sys.stderr
    try:
        settings = Settings(load(options.policy))
        check(settings)
        stderr = configure("broker", settings.policy.system.log_level)
        place = Place(options.place)
        ledger, journal = LedgerConnection(place.audit), PendingWipeJournal(place.journal)
        _wait_for(ledger)
        environment = around(place)
        recover(ledger, journal, environment.connect_keeper)
        broker = Broker(settings, ledger, journal, environment)
    except ApplianceError as error:
        stderr.write(f"error: {error.message}\nhint: {error.hint}\n")
        return error.exit_code
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=options.listener)
    service = broker.service(os.getuid())
    Thread(target=service.listen, args=(listener,), daemon=True).start()
    while not stopping.wait(_TICK):
        _tick(broker)
    return 0 if _end(broker) else 1


def _tick(broker: Broker) -> None:
    try:
        broker.tick()
    except Exception as bug:  # noqa: BLE001 - the next one may be right
        report_bug(bug)


def _end(broker: Broker) -> bool:
    """Wipe every session, and wait for a ledger that was just started again. Whether all is well.

    A tick logs what was wiped while the ledger was gone.
    """
    until = time.monotonic() + _PATIENCE_AT_END
    while not broker.end_all():
        if time.monotonic() > until:
            return False
        time.sleep(_TICK)
        _tick(broker)
    return True


def _wait_for(ledger: LedgerConnection) -> None:
    """Raises ``SessionError`` if the ledger does not answer in time."""
    until = time.monotonic() + _PATIENCE
    while not ledger.alive():
        if time.monotonic() > until:
            raise SessionError("The ledger does not start.", "See what it wrote above.")
        time.sleep(0.02)


def _no_burner() -> socket.socket:
    raise WireError("There is no burner.", "Burn discs on a machine of the site.")


if __name__ == "__main__":
    sys.exit(main())
