"""How the copies of a session leave: staged, handed to the burner as a folder, logged.

The burner is believed in what it says of the medium: the releaser has no drive to look for itself.
What lies on the disc is signed, so that a burner that writes something else is found out by
whoever checks the disc.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Final

import msgspec

from appliance.audit.entries import events
from appliance.audit.service.client import AuditClient
from appliance.errors import LedgerError, WireError
from appliance.protocols import burner_api
from appliance.protocols import releaser_api as api
from appliance.release.disc.tree import disc_label
from appliance.release.record import ReleaseRecord
from appliance.releaser.disc import DiscWriter, SessionProofs
from appliance.releaser.outbox import Outbox
from appliance.releaser.staging import Stage
from appliance.wire.client import Client
from appliance.wire.connection import Connection
from appliance.wire.message import CallError

_SECTOR: Final = 2048  # bytes (ECMA-119, 6.1.2)


@dataclass(frozen=True, slots=True)
class Burning:
    """Burns what is in ``outbox``, by way of ``stage``."""

    outbox: Outbox
    stage: Stage
    writer: DiscWriter

    def burn(
        self,
        wanted: api.Burn,
        connection: socket.socket,
        ledger: AuditClient,
        progress: Callable[[float], None],
    ) -> api.Burning:
        """Burn all copies of a session by the burner at ``connection``; the medium.

        Raises ``CallError`` if there are none or the burner wrote no disc, ``ReleaseError`` or
        ``OutputError`` if they cannot be staged, ``LedgerError`` if the ledger does not answer.
        """
        records = self.outbox.records(wanted.session)
        if not records:
            raise CallError(api.error_name("NoCopies"))
        proofs = SessionProofs.from_ledger(ledger)
        with self.stage.empty() as folder:
            label = disc_label(records)
            made = self.writer.write(folder, wanted.session, records, label, proofs)
            with self.stage.opened() as descriptor, closing(Client(Connection(connection))) as at:
                size = sum(record.size for record in records)
                burn = burner_api.Burn(label, made // 1000)
                burned = _followed(at, burn, descriptor, size, progress)
        _log(ledger, records, burned)
        numbers = [record.number for record in records]
        return api.Burning(1.0, numbers, burned.sha256, burned.size)


def _followed(
    burner: Client,
    wanted: burner_api.Burn,
    folder: int,
    smallest: int,
    progress: Callable[[float], None],
) -> burner_api.Burning:
    """Have ``burner`` write ``folder``, of which the disc has more than ``smallest`` bytes."""
    answers = burner.follow(
        f"{burner_api.NAME}.Burn", wanted, gives=burner_api.Burning, descriptors=[folder]
    )
    last = None
    try:
        for last, _ in answers:
            progress(last.done)
    except CallError as refused:
        raise _not_burned(refused) from refused
    except WireError as gone:  # nobody knows how far it came
        raise _spoiled() from gone
    if last is None or last.sha256 is None or last.size is None:
        raise _spoiled()
    if last.size < smallest or last.size % _SECTOR:
        raise _spoiled()
    return last


def _log(ledger: AuditClient, records: Sequence[ReleaseRecord], burned: burner_api.Burning) -> None:
    """Raises ``LedgerError``, after which the disc must not leave."""
    disc = burned.sha256 or ""
    try:
        ledger.append_all(
            [events.ReleaseBurned(one.number, one.copy, "disc", disc) for one in records]
        )
    except LedgerError as error:
        raise LedgerError(
            "The disc could not be recorded in the ledger.",
            "Destroy it; check the ledger, then burn another one.",
        ) from error


def _not_burned(refused: CallError) -> CallError:
    """What the burner's error is to the broker."""
    name = refused.error.rpartition(".")[2]
    reason = burner_api.REASONS.get(name)
    if reason is None:
        return _spoiled()
    details = api.NotBurned(reason)
    if reason == "too-small":
        raw = getattr(refused.parameters, "json", b"")
        try:
            sizes = msgspec.json.decode(raw, type=burner_api.TooSmall)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return CallError(api.error_name("NotBurned"), details)
        details = api.NotBurned(reason, sizes.needed, sizes.free)
    return CallError(api.error_name("NotBurned"), details)


def _spoiled() -> CallError:
    return CallError(api.error_name("NotBurned"), api.NotBurned("spoiled"))
