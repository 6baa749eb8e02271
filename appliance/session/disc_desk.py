"""The person of an open session has its released copies burned to a disc.

What is burned, a second person approved, copy by copy. The broker gives the releaser of the slot a
connection to the burner, and one to the ledger that is restricted to this session; it sees no copy.
If the session is locked or ends meanwhile, the broker hangs up on both, and what was begun is a
spoiled disc. The burner has files of the workspace open until it lets go of them, and a file system
in use cannot be closed: so the end of the session waits for that, for a limited time.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Lock
from types import MappingProxyType

from appliance.audit.entries import events
from appliance.errors import LedgerError, WireError
from appliance.protocols import broker_api, releaser_api
from appliance.protocols.broker_api import error_name
from appliance.session.admission import Admission
from appliance.session.copies import Copies, read_details
from appliance.session.environment import Environment
from appliance.session.ledger_connection import Ledger
from appliance.session.pace import Pace
from appliance.session.session import Session
from appliance.session.state import StateError
from appliance.wire.message import CallError
from appliance.wire.service import Answer, Request

_PAUSE = 10.0  # seconds between two attempts of a session

_LONGEST_REST = 75.0  # seconds for the burner to end its program, which it gives a minute

_DESTROY = "Destroy the disc: there may be pictures on it. Then put in another one."
_HINTS: Mapping[events.BurnReason, str] = MappingProxyType(
    {
        "role": "Ask the administrator for the role that this takes.",
        "not-open": f"Open the session. {_DESTROY}",
        "error": "See the journals of releaser and burner.",
        "no-copies": "Ask for the release of a result; burn it once another person approved it.",
        "no-burner": "See the journal of appliance-burner.service; xorriso must be installed.",
        "busy": "Another disc is being burned, or the drive is coming to rest: wait.",
        "no-drive": "Check the drive, and put in a blank disc.",
        "not-blank": "Put in a blank disc; nothing is ever added to one that was written.",
        "rewritable": "Put in a blank disc that can be written once: CD-R, DVD-R, DVD+R or BD-R.",
        "too-small": "Put in a larger disc.",
        "spoiled": _DESTROY,
        "training": "This is training: nothing leaves.",
    }
)


@dataclass(frozen=True, slots=True)
class _Burning:
    """``burner``: our end. ``ending``: it is to be broken off; ``over``: no file is in use."""

    burner: socket.socket
    ending: Event = field(default_factory=Event)
    over: Event = field(default_factory=Event)


class DiscDesk:
    """The method of the broker that is about discs. For several threads."""

    def __init__(
        self,
        ledger: Ledger,
        environment: Environment,
        admission: Admission,
        copies: Copies,
        session_of: Callable[[Request[broker_api.SessionRef]], Session],
        *,
        training: bool,
    ) -> None:
        """``session_of``: by the handle of a call; ``training``: no disc is burned."""
        self._training = training
        self._ledger = ledger
        self._environment = environment
        self._admission = admission
        self._copies = copies
        self._session_of = session_of
        self._pace = Pace(_PAUSE, environment.clock)
        self._burning: dict[str, _Burning] = {}  # by session
        self._lock = Lock()

    def burn(self, request: Request[broker_api.SessionRef]) -> Answer:
        """Burn all copies of a session to the disc in the drive; answers how far it is."""
        session = self._session_of(request)
        session.check_open()
        self._pace.begin(session.identifier)
        if not self._admission.roles.allow(session.user, "request"):
            raise self._refused("role", session)
        if self._training:  # there can be no copy, so no releaser is asked
            raise self._refused("training", session)

        try:
            burner = self._environment.connect_burner()
        except WireError as missing:
            raise self._refused("no-burner", session) from missing
        with burner, self._at_work(session, burner) as burning:
            return self._burned(request, session, burning)

    def let_go(self, session: str) -> None:
        """Break off what is burned of ``session``, and wait until no file of it is in use."""
        with self._lock:
            burning = self._burning.get(session)
        if burning is not None:
            burning.ending.set()
            burning.over.wait(2 * _LONGEST_REST)

    def _burned(
        self, request: Request[broker_api.SessionRef], session: Session, burning: _Burning
    ) -> Answer:
        handle = request.parameters.handle

        def still_open() -> bool:
            return session.is_open_as(handle) and not burning.ending.is_set()

        def progress(answer: releaser_api.Burning) -> None:
            with suppress(StateError):  # locked: who watches for that ends it
                session.touch()
            with suppress(WireError):  # a disc is not spoiled because nobody watches
                request.progress(broker_api.Burning(answer.done))

        try:
            burned = self._copies.burn(session, burning.burner, still_open, progress)
        except (CallError, LedgerError, WireError) as failed:
            if isinstance(failed, CallError) and failed.error == error_name("NoReleaser"):
                raise
            open_ = still_open()
            if not open_:
                _wait_for(burning.burner)
            reason, hint = self._why(failed, open_)
            raise self._refused(reason, session, hint) from failed
        return Answer(broker_api.Burning(1.0, burned.numbers, burned.sha256, burned.size))

    @contextmanager
    def _at_work(self, session: Session, burner: socket.socket) -> Iterator[_Burning]:
        """Raises ``CallError`` if a disc of this session is being burned already."""
        burning = _Burning(burner)
        with self._lock:
            known = self._burning.setdefault(session.identifier, burning)
        if known is not burning:
            raise self._refused("busy", session)
        try:
            yield burning
        finally:
            with self._lock:
                del self._burning[session.identifier]
            burning.over.set()

    def _why(self, failed: Exception, open_: bool) -> tuple[events.BurnReason, str | None]:
        """What went wrong, and what can be done if that is known better than by the reason."""
        reason: events.BurnReason = "error"
        hint = self._copies.hint_of(failed)
        details = read_details(failed, releaser_api.NotBurned)
        if not open_:
            reason = "not-open"
        elif isinstance(failed, WireError):  # the releaser ended: nobody knows how far it came
            reason = "spoiled"
        elif isinstance(failed, CallError) and failed.error == releaser_api.error_name("NoCopies"):
            reason = "no-copies"
        elif details is not None and details.reason != "folder":
            reason = details.reason
            if details.needed is not None and details.free is not None:
                needed, free = details.needed >> 20, details.free >> 20
                hint = f"Put in a larger disc: {needed} MiB are needed, {free} MiB are free."
        return reason, hint

    def _refused(
        self, reason: events.BurnReason, session: Session, hint: str | None = None
    ) -> CallError:
        """The error to raise, once it is in the ledger."""
        self._ledger.append(
            events.ReleaseRefused(session.identifier, "burn", reason, session.subject)
        )
        return CallError(
            error_name("ReleaseRefused"), broker_api.ReleaseRefused(reason, hint or _HINTS[reason])
        )


def _wait_for(burner: socket.socket) -> None:
    """Hang up on the burner, and wait until it does the same: then it has closed every file."""
    end = time.monotonic() + _LONGEST_REST
    with suppress(OSError):  # also a timeout: what it holds then, the wipe reports
        burner.shutdown(socket.SHUT_WR)
        while (left := end - time.monotonic()) > 0:
            burner.settimeout(left)
            if not burner.recv(1 << 16):
                return
