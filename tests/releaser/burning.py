"""A session with a copy that may leave, and burners that burn it, or do something else."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import msgspec

from appliance.audit.entries import events
from appliance.burner.medium import Drive
from appliance.burner.service import Burner
from appliance.protocols import burner_api
from appliance.protocols import releaser_api as api
from appliance.session.ledger_connection import LedgerConnection
from appliance.wire.message import CallError
from appliance.wire.service import Answer, Method, Request, Service
from tests.burner.folders import says
from tests.releaser.process import SESSION, Site, expect, hand_over, result

PERSON, SECOND = "1" * 32, "2" * 32


def approved(site: Site, content: bytes, session: str = SESSION) -> int:
    """The number of a release of ``content``, as the broker logs its way there."""
    log = LedgerConnection(site.daemon.socket)
    digest = hashlib.sha256(content).hexdigest()
    requested = log.append(events.ReleaseRequested(session, 7, digest, PERSON, 900))
    return log.append(events.ReleaseApproved(session, requested, digest, SECOND))


def opened(site: Site, session: str = SESSION) -> None:
    LedgerConnection(site.daemon.socket).append(events.SessionOpened(session, PERSON))


def copied(site: Site, session: str = SESSION, seed: int = 16) -> int:
    """The number of a copy that was made in a session."""
    content = result(seed)
    number = approved(site, content, session)
    with site.connected() as client:
        hand_over(site, client, expect(content, number, session=session), content)
    return number


def real(folder: Path, disc: Path, program: str | None = None) -> Service:
    """The burner, with a real xorriso and the file ``disc`` in the place of a disc."""
    return Burner(lambda: Drive(f"stdio:{disc}"), program or says(folder)).service()


def lying(burn: Callable[[Request[burner_api.Burn]], Answer | None]) -> Service:
    """A burner under somebody's control."""
    methods: dict[str, Method[Any]] = {"Burn": Method(burner_api.Burn, burn, descriptors=1)}
    return Service(burner_api.NAME, burner_api.DESCRIPTION, methods, lambda _: None)


@contextmanager
def connected_to(
    burner: Service, kept: list[socket.socket] | None = None
) -> Iterator[socket.socket]:
    """A connection to ``burner``, as the broker makes it; ``kept`` gets the burner's end."""
    ours, theirs = socket.socketpair()
    if kept is not None:
        kept.append(theirs)
    thread = Thread(target=burner.serve, args=(theirs,), daemon=True)
    thread.start()
    with ours:
        yield ours


def burn(
    site: Site,
    burner: Service,
    session: str = SESSION,
    ledger: int | None = None,
    kept: list[socket.socket] | None = None,
) -> list[api.Burning]:
    """What the releaser answers to Burn. Raises ``CallError``."""
    ledger = site.ledger(session) if ledger is None else ledger
    try:
        with connected_to(burner, kept) as connection, closing(site.releaser()) as releaser:
            answers = releaser.follow(
                f"{api.NAME}.Burn",
                api.Burn(session),
                gives=api.Burning,
                descriptors=[connection.fileno(), ledger],
            )
            return [answer for answer, _ in answers]
    finally:
        os.close(ledger)


def reason(refused: CallError) -> str:
    """Why nothing was burned."""
    raw = getattr(refused.parameters, "json", b"{}")
    details = msgspec.json.decode(raw)
    return str(details.get("reason", details.get("message", "")))
