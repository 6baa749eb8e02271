"""Options that the ``audit`` commands share, and the ledger that they name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import click

from appliance.audit.entries.events import AnyEvent
from appliance.audit.entries.receipt import Receipt
from appliance.audit.entries.record import Recorder
from appliance.audit.keys.ledger_keys import (
    ANCHOR,
    SIGNING,
    Keys,
    beside,
)
from appliance.audit.keys.locations import default_ledger
from appliance.audit.service.client import AuditClient
from appliance.audit.tlog.anchor import FileAnchor
from appliance.audit.tlog.appender import Ledger
from appliance.audit.tlog.reader import Store
from appliance.cli.framework.basic_options import FILE, CommandFunction


def ledger_option(command: CommandFunction) -> CommandFunction:
    """``--ledger``."""
    return click.option(
        "--ledger", type=FILE, metavar="DIR", help="Folder of the ledger. [default: the user's own]"
    )(command)


def keys_option(command: CommandFunction) -> CommandFunction:
    """``--keys``."""
    return click.option(
        "--keys", type=FILE, metavar="DIR", help="Folder of its keys. [default: DIR-keys]"
    )(command)


def anchor_option(command: CommandFunction) -> CommandFunction:
    """``--anchor``."""
    return click.option(
        "--anchor",
        type=FILE,
        metavar="FILE",
        help="Where its last checkpoint is kept outside. [default: DIR-keys/anchor]",
    )(command)


def tpm_option(command: CommandFunction) -> CommandFunction:
    """``--tpm``."""
    return click.option(
        "--tpm", metavar="INDEX", help="NV index of the ledger's counter, such as 0x01800100."
    )(command)


def socket_option(command: CommandFunction) -> CommandFunction:
    """``--socket``."""
    return click.option(
        "--socket",
        type=FILE,
        metavar="PATH",
        help="Of the audit daemon, which then logs this look into the ledger.",
    )(command)


@dataclass(frozen=True, slots=True)
class LedgerLocation:
    """Where a ledger is, and where what belongs to it is."""

    ledger: Path
    keys: Path
    anchor: FileAnchor
    socket: Path | None = None

    @classmethod
    def of(
        cls,
        ledger: Path | None,
        keys: Path | None = None,
        anchor: Path | None = None,
        socket: Path | None = None,
    ) -> Self:
        """What the options name, or else the defaults."""
        folder = ledger or default_ledger()
        keys_folder = keys or beside(folder)
        return cls(folder, keys_folder, FileAnchor(anchor or keys_folder / ANCHOR), socket)

    @property
    def store(self) -> Store:
        """Its files."""
        return Store(self.ledger)

    @property
    def is_copy(self) -> bool:
        """Whether nothing can be logged here: there is no key and no daemon."""
        return self.socket is None and not (self.keys / SIGNING).exists()

    def recorder(self) -> Recorder:
        """Appends with the key. Raises ``LedgerError`` if it is not here."""
        return Recorder(Ledger(self.ledger, Keys.load(self.keys).signer, self.anchor))

    def log(self, event: AnyEvent) -> Receipt:
        """Append ``event``, through the daemon if there is one. Raises ``LedgerError``."""
        if self.socket is None:
            return self.recorder().record([("embedded", event)])[0]
        client = AuditClient.connect(self.socket)
        try:
            return client.append(event)
        finally:
            client.close()
