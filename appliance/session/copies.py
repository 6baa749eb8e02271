"""The way of an approved result to the releaser of its slot, and the copies that came of it.

The broker never has the result: it joins the worker to the releaser by a socket pair, and gives the
releaser a connection to the ledger that is restricted to this session. Copies lie in the session's
workspace and end with it: systemd ends the releaser before the workspace is unmounted, so the wipe
asks it for nothing and waits for nothing of it.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from threading import Event, Lock, Thread

import msgspec

from appliance.errors import WireError
from appliance.protocols import broker_api
from appliance.protocols import releaser_api as api
from appliance.protocols import worker_control_api as control_api
from appliance.session.ledger_connection import Ledger
from appliance.session.releases import ReleaseRequest
from appliance.session.session import Session
from appliance.wire.client import Client
from appliance.wire.connection import broken
from appliance.wire.message import CallError, Empty, S

_LONGEST_HAND_OVER = 4 * 3600.0  # seconds; enough for a film of two hours
# Seconds until a releaser serves: systemd starts it for the connection, and has the TPM decrypt its
# keys before. Against a hang, not a slow machine: as long as TimeoutStartSec= of its unit.
_LONGEST_START = 600.0
_LONGEST_HINT = 256  # characters
_LOOK = 0.25  # seconds between two looks at whether the session is still open
_MOST_SESSIONS = 64  # that are remembered; there are at most 8


class Copies:
    """What the broker asks of releasers, and which copies have not left. For several threads."""

    def __init__(self, ledger: Ledger, connect: Callable[[str], Client]) -> None:
        """``connect``: to the releaser of a slot; raises ``WireError``."""
        self._ledger = ledger
        self._connect = connect
        self._kept: dict[str, set[int]] = {}
        self._lock = Lock()

    @contextmanager
    def releaser(self, slot: str) -> Iterator[Client]:
        """A connection to the releaser of ``slot``; raises ``CallError`` if it makes no copies."""
        try:
            releaser = self._connect(slot)
        except WireError as missing:
            raise _no_releaser() from missing
        with closing(releaser):
            try:
                releaser.call(f"{api.NAME}.Ready", gives=api.Ready, timeout=_LONGEST_START)
            except (CallError, WireError) as missing:
                raise _no_releaser() from missing
            yield releaser

    def make(self, request: ReleaseRequest, number: int, releaser: Client) -> None:
        """Have a copy made, and wait for that as long as the session is open.

        Raises ``CallError``, ``LedgerError``, ``SessionError`` or ``WireError``; whatever the
        releaser did until then, there is no copy.
        """
        result, session = request.result, request.session
        expected = api.Expect(
            session.identifier, number, result.media, result.engine, result.size, result.sha256
        )
        wanted = control_api.Release(request.item, result.sha256, number)
        ours, theirs = socket.socketpair()
        try:
            with (
                closing(ours),
                closing(self._ledger.for_releaser(session.identifier)) as ledger,
                _hanging_up(releaser, request.still_open),
            ):
                with theirs:
                    session.worker().release(wanted, theirs)
                releaser.call(
                    f"{api.NAME}.Expect",
                    expected,
                    gives=Empty,
                    descriptors=[ours.fileno(), ledger.fileno()],
                    timeout=_LONGEST_HAND_OVER,
                )
        except BaseException:
            releaser.close()
            self._forget(session.slot, session.identifier, number)
            raise
        with self._lock:
            self._kept.setdefault(session.identifier, set()).add(number)
            while len(self._kept) > _MOST_SESSIONS:
                self._kept.pop(next(iter(self._kept)))

    def burn(
        self,
        session: Session,
        burner: socket.socket,
        still_open: Callable[[], bool],
        progress: Callable[[api.Burning], None],
    ) -> api.Burning:
        """Have all copies of a session burned by ``burner``; what was, with the medium's hash.

        ``still_open``: once it is false, the releaser is hung up on. Raises ``CallError``,
        ``LedgerError`` or ``WireError``.
        """
        last = None
        with (
            self.releaser(session.slot) as releaser,
            closing(self._ledger.for_releaser(session.identifier)) as ledger,
            _hanging_up(releaser, still_open),
        ):
            for last, _ in releaser.follow(
                f"{api.NAME}.Burn",
                api.Burn(session.identifier),
                gives=api.Burning,
                descriptors=[burner.fileno(), ledger.fileno()],
            ):
                progress(last)
        if last is None or None in (last.numbers, last.sha256, last.size):
            raise broken("the releaser does not say what it burned")
        with self._lock:
            self._kept.get(session.identifier, set()).difference_update(last.numbers or ())
        return last

    def unwritten(self, session: str) -> list[int]:
        """The numbers of a session's copies that were written nowhere."""
        with self._lock:
            return sorted(self._kept.get(session, ()))

    def hint_of(self, failed: Exception) -> str | None:
        """What the releaser says can be done, if it is an error that says so."""
        details = read_details(failed, _Hint)
        return details.hint if details and 0 < len(details.hint) <= _LONGEST_HINT else None

    def _forget(self, slot: str, session: str, number: int) -> None:
        """Have a copy deleted that may have been made when its release had failed already."""
        with (
            suppress(CallError, WireError),  # it ends with the session at the latest
            closing(self._connect(slot)) as releaser,
        ):
            releaser.call(
                f"{api.NAME}.Forget",
                api.Forget(session, number),
                gives=api.Forgotten,
                timeout=_LONGEST_START,
            )


def read_details(failed: Exception, kind: type[S]) -> S | None:
    """The details of an error that a releaser answered, if they are those of ``kind``."""
    raw = getattr(getattr(failed, "parameters", None), "json", b"")
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


class _Hint(msgspec.Struct):
    """What there is to be done, in the details of an error."""

    hint: str


def _no_releaser() -> CallError:
    hint = "Install the keys for releases; `appliance doctor --machine` says what is missing."
    return CallError(broker_api.error_name("NoReleaser"), broker_api.NoReleaser(hint))


@contextmanager
def _hanging_up(releaser: Client, still: Callable[[], bool]) -> Iterator[None]:
    """Hang up on ``releaser``, which ends it, as soon as ``still`` is false."""
    done = Event()

    def watch() -> None:
        while not done.wait(_LOOK):
            if not still():
                releaser.close()
                return

    watching = Thread(target=watch, daemon=True)
    watching.start()
    try:
        yield
    finally:
        done.set()
        watching.join()
