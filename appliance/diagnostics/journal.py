"""Messages as entries of systemd's journal, with fields that ``journalctl`` can search.

An entry has MESSAGE, PRIORITY, MESSAGE_ID (one for each message, see :func:`message_id`),
SYSLOG_IDENTIFIER, and a field APPLIANCE_KEY for each key of the record; APPLIANCE_SESSION names the
session whose request was served: ``journalctl APPLIANCE_SESSION=…``. Everything in it went through
the redaction before.

A worker has no socket, so it cannot reach the journal itself. It writes lines to stderr, which
systemd connects to the journal, each with its priority in front as sd-daemon(3) defines it.
"""

from __future__ import annotations

import os
import re
import syslog
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TextIO

import structlog

try:
    from systemd import journal
except ImportError:  # a development machine: lines on stderr
    journal = None

_SESSION = re.compile(r"\A[0-9a-f]{16}\Z")  # random, and the same as in the ledger

_PRIORITIES: Mapping[str, int] = {
    "debug": syslog.LOG_DEBUG,
    "info": syslog.LOG_INFO,
    "warning": syslog.LOG_WARNING,
    "error": syslog.LOG_ERR,
    "critical": syslog.LOG_CRIT,
}
_SERVICES = frozenset({"audit", "broker"})  # a worker has no socket
_IN_OTHER_FIELDS = frozenset({"event", "level", "process"})
_SOCKET = Path("/run/systemd/journal/socket")
_MESSAGES = uuid.UUID("4a8a3a59-6a6f-4b7e-9f5b-3d5f6f0f0c27")  # namespace of the MESSAGE_IDs

_session: ContextVar[str | None] = ContextVar("session", default=None)


def bind_session(session: str | None) -> None:
    """Let this thread's messages name ``session`` from now on, or none.

    Raises ``ValueError`` if it cannot be the id of one.
    """
    if session is not None and not _SESSION.match(session):
        raise ValueError("not the id of a session")
    _session.set(session)


@contextmanager
def about_session(session: str) -> Iterator[None]:
    """As ``bind_session``, for the messages inside. Raises ``ValueError``."""
    earlier = _session.get()
    bind_session(session)
    try:
        yield
    finally:
        bind_session(earlier)


def message_id(message: str) -> str:
    """The MESSAGE_ID of a message, 32 hexadecimal digits: ``journalctl MESSAGE_ID=…``."""
    return uuid.uuid5(_MESSAGES, message).hex


def processors(process: str, stderr: TextIO) -> list[Callable[..., Any]]:
    """The structlog processors that come after the redaction, for messages of ``process``.

    ``stderr``: what systemd connected to the journal, if it started the process.
    """
    return [_add_session, _Entry(process)] if _writes_entries(process, stderr) else [_add_session]


def _add_session(_logger: Any, _method: str, record: dict[str, Any]) -> dict[str, Any]:
    session = _session.get()
    return record if session is None else {**record, "session": session}


class _Entry:
    """Sends a redacted record to the journal, and drops it; if that fails, the record goes on."""

    def __init__(self, process: str) -> None:
        self._identifier = f"SYSLOG_IDENTIFIER=appliance-{process}"
        self._render = structlog.processors.LogfmtRenderer(bool_as_flag=False)

    def __call__(self, logger: Any, method: str, record: dict[str, Any]) -> dict[str, Any]:
        message = str(record["event"])
        rest = {key: value for key, value in record.items() if key not in _IN_OTHER_FIELDS}
        fields = [
            f"MESSAGE={message} {self._render(logger, method, dict(rest))}".rstrip(),
            f"MESSAGE_ID={message_id(message)}",
            f"PRIORITY={_PRIORITIES[record['level']]}",
            self._identifier,
            *(f"APPLIANCE_{_field_name(key)}={value}" for key, value in rest.items()),
        ]
        try:
            journal.sendv(*fields)
        except OSError:  # the journal is gone: to stderr, as a worker does
            return record
        raise structlog.DropEvent


def _field_name(key: str) -> str:
    """The end of a field's name, for which only A-Z, 0-9 and _ are allowed."""
    return re.sub(r"[^A-Z0-9_]", "", key.upper()) or "OTHER"


def _writes_entries(process: str, stderr: TextIO) -> bool:
    """Whether it can, and the lines would go to the journal too: not to a terminal or a file."""
    if journal is None or process not in _SERVICES or not _SOCKET.exists():
        return False
    status = os.fstat(stderr.fileno())
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"
