"""Options that name a ledger, shared by the ``audit`` commands, and the ledger they name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import click

from appliance.audit.entries.events import AnyEvent
from appliance.audit.entries.receipt import Receipt
from appliance.audit.entries.recorder import Recorder
from appliance.audit.keys.ledger_keys import (
    ANCHOR,
    SIGNING,
    LedgerKeys,
    keys_folder_for,
)
from appliance.audit.keys.locations import default_ledger
from appliance.audit.service.client import AuditClient
from appliance.audit.tlog.anchor import FileAnchor
from appliance.audit.tlog.appender import Ledger
from appliance.audit.tlog.reader import LedgerReader
from appliance.cli.framework.basic_options import FILE, CommandFunction


def ledger_option(command: CommandFunction) -> CommandFunction:
    """``--ledger``."""
    return click.option(
        "--ledger",
        type=FILE,
        metavar="DIR",
        help="Folder of the ledger. [default: that of the current user]",
    )(command)


def keys_option(command: CommandFunction) -> CommandFunction:
    """``--keys``."""
    return click.option(
        "--keys",
        type=FILE,
        metavar="DIR",
        help="Folder of the ledger's keys. [default: --ledger with -keys appended]",
    )(command)


def anchor_option(command: CommandFunction) -> CommandFunction:
    """``--anchor``."""
    return click.option(
        "--anchor",
        type=FILE,
        metavar="FILE",
        help="File outside the ledger with its last checkpoint. [default: anchor in --keys]",
    )(command)


def tpm_option(command: CommandFunction) -> CommandFunction:
    """``--tpm``."""
    return click.option(
        "--tpm", metavar="INDEX", help="TPM NV index of the ledger's counter, such as 0x01800100."
    )(command)


def socket_option(command: CommandFunction) -> CommandFunction:
    """``--socket``."""
    return click.option(
        "--socket",
        type=FILE,
        metavar="PATH",
        help="Socket of the audit daemon, which then records this access. "
        "[default: record it directly, with --keys]",
    )(command)


@dataclass(frozen=True, slots=True)
class LedgerLocation:
    """Where a ledger, its keys, its anchor and its daemon are."""

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
        """From the options, with defaults for those that were not given."""
        folder = ledger or default_ledger()
        keys_folder = keys or keys_folder_for(folder)
        return cls(folder, keys_folder, FileAnchor(anchor or keys_folder / ANCHOR), socket)

    @property
    def store(self) -> LedgerReader:
        """The files of the ledger."""
        return LedgerReader(self.ledger)

    @property
    def is_copy(self) -> bool:
        """Whether nothing can be recorded here, for want of a signing key and of a daemon."""
        return self.socket is None and not (self.keys / SIGNING).exists()

    def recorder(self) -> Recorder:
        """Appends with the signing key. Raises ``LedgerError`` if there is none."""
        return Recorder(Ledger(self.ledger, LedgerKeys.load(self.keys).signer, self.anchor))

    def log(self, event: AnyEvent) -> Receipt:
        """Append ``event``, through the daemon if one was named. Raises ``LedgerError``."""
        if self.socket is None:
            return self.recorder().record([("embedded", event)])[0]
        client = AuditClient.connect(self.socket)
        try:
            return client.append(event)
        finally:
            client.close()
