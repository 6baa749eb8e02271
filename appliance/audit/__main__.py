"""``appliance-audit``: the ledger's daemon, run by a unit, by hand, or as a child of a command."""

from __future__ import annotations

import argparse
import importlib
import os
import pwd
import resource
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import get_args

from appliance.audit.entries.fields import Role
from appliance.audit.entries.recorder import Recorder
from appliance.audit.keys.ledger_keys import ANCHOR, LedgerKeys, keys_folder_for
from appliance.audit.keys.locations import create_if_missing
from appliance.audit.service.daemon import DiagnosticLog, Server
from appliance.audit.tlog.anchor import FileAnchor
from appliance.audit.tlog.appender import Ledger
from appliance.audit.tlog.reserve import Reserve
from appliance.errors import ApplianceError, LedgerError
from appliance.files.standard_streams import open_closed_streams
from appliance.wire.activation import (
    WATCHDOG_INTERVAL,
    Watchdog,
    listening_socket,
    notify_ready,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until no caller is left. Returns the exit code."""
    open_closed_streams()
    options = _parser().parse_args(arguments)
    # A core dump would contain the key. A unit that denies this call has set the limit itself.
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        keys_folder = options.keys or keys_folder_for(options.ledger)
        anchor = FileAnchor(options.anchor or keys_folder / ANCHOR)
        if options.create:
            create_if_missing(options.ledger, keys_folder, anchor)
        keys = LedgerKeys.load(keys_folder)
        ledger = Ledger(options.ledger, keys.signer, anchor, immutable=options.immutable)
        if options.adopt is not None:
            server = Server(Recorder(ledger), keys.pseudonym)
            server.adopt(_seqpacket(options.adopt), "embedded")
        else:
            level = _level(options.policy)
            listener = _listener(options.listen)
            server = Server(
                Recorder(ledger),
                keys.pseudonym,
                dict(options.peer),
                _log(level),
                reserve=Reserve.next_to(options.ledger),
            )
            server.listen(listener)
    except ApplianceError as error:
        sys.stderr.write(f"error: {error.message}\nhint: {error.hint}\n")
        return error.exit_code
    if options.adopt is None:
        notify_ready()
        server.run(_watched(Watchdog()), WATCHDOG_INTERVAL)
    else:
        server.run()
    server.close()
    return 0


def _watched(watchdog: Watchdog) -> Callable[[], bool]:
    """What the daemon asks after each round: it reports the round, and never stops the daemon."""

    def stopping() -> bool:
        watchdog.still_running()
        return False

    return stopping


# These two import on demand: a command waits for its child to start, and the child needs neither.


def _level(policy: Path | None) -> str:
    if policy is None:
        return "warning"
    level: str = importlib.import_module("appliance.policy.load").load(policy).system.log_level
    return level


def _log(level: str) -> DiagnosticLog:
    diagnostics = importlib.import_module("appliance.diagnostics.process_log")
    diagnostics.configure("audit", level)
    log: DiagnosticLog = diagnostics.log()
    return log


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="appliance-audit", description=__doc__)
    parser.add_argument("--ledger", type=Path, required=True, help="folder of the ledger")
    parser.add_argument("--keys", type=Path, help="folder of its keys; default: LEDGER-keys")
    parser.add_argument(
        "--anchor", type=Path, help="file that keeps the last checkpoint; default: KEYS/anchor"
    )
    parser.add_argument(
        "--create", action="store_true", help="create ledger and keys if they do not exist"
    )
    parser.add_argument(
        "--immutable", action="store_true", help="chattr +i full tiles (CAP_LINUX_IMMUTABLE)"
    )
    parser.add_argument(
        "--peer",
        type=_peer,
        action="append",
        default=[],
        metavar="ROLE=USER",
        help="role of a user, by name or number: broker=appliance-broker",
    )
    parser.add_argument("--policy", type=Path, help="the site's policy, for the level of messages")
    parser.add_argument("--listen", type=Path, help="path of the socket; default: from systemd")
    parser.add_argument("--adopt", type=int, help="serve one connected descriptor until it closes")
    return parser


def _peer(text: str) -> tuple[int, Role]:
    name, _, user = text.partition("=")
    for role in get_args(Role):
        if role == name:
            with suppress(KeyError):  # there is no such user
                return int(user) if user.isdecimal() else pwd.getpwnam(user).pw_uid, role
    raise argparse.ArgumentTypeError("ROLE=USER is needed")


def _listener(path: Path | None) -> socket.socket:
    if path is None:
        return listening_socket(socket.SOCK_SEQPACKET, "appliance-audit")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        path.unlink(missing_ok=True)
        listener.bind(os.fspath(path))
        path.chmod(0o660)
        listener.listen()  # here, because a caller may connect as soon as the path exists
    except OSError as error:
        raise LedgerError(
            "The socket of --listen cannot be created.", "Check the folder's permissions."
        ) from error
    return listener


def _seqpacket(descriptor: int) -> socket.socket:
    try:
        return socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, fileno=descriptor)
    except OSError as error:
        raise LedgerError(
            "The descriptor of --adopt is not a socket.", "Start the daemon as its unit does."
        ) from error


if __name__ == "__main__":
    sys.exit(main())
