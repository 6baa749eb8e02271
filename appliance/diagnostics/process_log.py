"""Messages for whoever runs the appliance: few, and nothing personal in any of them.

Services of the appliance send them to systemd's journal as entries with fields (``journal.py``).
Others, and a worker, which has no socket, write lines to stderr; where systemd connects that to the
journal each line carries its priority as sd-daemon(3) defines it.

From ``configure`` on nothing else writes there: what libraries print below Python goes nowhere,
their log records and warnings are told of by the library's name alone, and an exception that
nobody caught by its type and place.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import warnings
from collections.abc import Mapping
from typing import Any, TextIO

import structlog

from appliance.audit.entries.events import Role
from appliance.diagnostics import journal
from appliance.diagnostics.redact import ModuleName, redact

_PRIORITIES = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}
_LEVELS = {name: getattr(logging, name.upper()) for name in _PRIORITIES}


def configure(process: Role, level: str = "warning") -> TextIO:
    """Send this process's messages of ``level`` and above to what is stderr now, redacted.

    Gives that stream, for what a process that cannot go on has to say: an ``ApplianceError`` holds
    nothing personal.
    """
    stream = _take_stderr()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            _of(process),
            redact,
            *journal.processors(process, stream),
            _Line(with_priority="JOURNAL_STREAM" in os.environ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(handlers=[_LibraryMessages()], level=_LEVELS[level], force=True)
    logging.raiseExceptions = False
    warnings.showwarning = _library_warning
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread
    sys.unraisablehook = _unraisable
    return stream


def log() -> Any:
    """The logger: ``log().warning("peer dropped", times=3)``."""
    return structlog.get_logger()


def report_bug(bug: BaseException) -> None:
    """Tell of an exception that a service answered with ``Bug``: what and where, not its text."""
    log().error("bug", exc_info=bug)


def _take_stderr() -> TextIO:
    """What was stderr, for ourselves; the descriptor that libraries write to leads nowhere."""
    sys.stderr.flush()
    ours = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    return os.fdopen(ours, "w", buffering=1, errors="replace")


def _of(process: Role) -> Any:
    def add(_logger: Any, _method: str, record: dict[str, Any]) -> dict[str, Any]:
        return {"process": process, **record}

    return add


class _Line:
    """Renders a redacted record as one line of key=value pairs."""

    def __init__(self, *, with_priority: bool) -> None:
        self._with_priority = with_priority
        self._render = structlog.processors.LogfmtRenderer(
            key_order=["process", "level", "event"], bool_as_flag=False
        )

    def __call__(self, logger: Any, method: str, record: Mapping[str, Any]) -> str:
        line = self._render(logger, method, dict(record))
        return f"<{_PRIORITIES[record['level']]}>{line}" if self._with_priority else line


class _LibraryMessages(logging.Handler):
    """Tells that a library logged something, not what."""

    def emit(self, record: logging.LogRecord) -> None:
        tell = log().error if record.levelno >= logging.ERROR else log().warning
        tell("library message", library=ModuleName.of(record.name))


def _library_warning(*_: object, **__: object) -> None:
    log().warning("library message", kind="warning")


def _uncaught(_kind: type[BaseException], error: BaseException, _traceback: object) -> None:
    log().critical("uncaught exception", exc_info=error)


def _uncaught_in_thread(arguments: threading.ExceptHookArgs) -> None:
    log().critical("uncaught exception in a thread", exc_info=arguments.exc_value)


def _unraisable(arguments: Any) -> None:
    log().critical("exception in a finaliser", exc_info=arguments.exc_value)
