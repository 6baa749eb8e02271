"""Messages for the operator of the appliance: few, and free of personal data.

Services of the appliance send them to systemd's journal as entries with fields (``journal.py``).
Others, and a worker, which has no socket, write lines to stderr; where systemd connects that to the
journal each line carries its priority as sd-daemon(3) defines it.

After ``configure`` nothing else reaches stderr, and nothing at all stdout, which systemd connects
to the journal as well. Output that libraries write, in Python or below it, is discarded; their log
records and warnings are reported by the library's name only, and uncaught
exceptions by type and place.
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

from appliance.diagnostics import journal
from appliance.diagnostics.output import take_output
from appliance.diagnostics.redact import ModuleName, Process, redact_record

_PRIORITIES = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}
_LEVELS = {name: getattr(logging, name.upper()) for name in _PRIORITIES}


def configure(process: Process, level: str = "warning", stream: TextIO | None = None) -> TextIO:
    """Send this process's messages of ``level`` and above, redacted, to the current stderr.

    ``stream``: what ``take_output`` gave, if it was called before.

    Returns that stream, for the last words of a process that cannot go on: an ``ApplianceError``
    contains nothing personal and may be written there as it is.
    """
    stream = stream or take_output()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            _add_process(process),
            redact_record,
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
    """The logger, used as in ``log().warning("peer dropped", times=3)``."""
    return structlog.get_logger()


def report_bug(bug: BaseException) -> None:
    """Log an exception that a service answered with ``Bug``: its type and place, not its text."""
    log().error("bug", exc_info=bug)


def _add_process(process: Process) -> Any:
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
    """Reports that a library logged something, without its text."""

    def emit(self, record: logging.LogRecord) -> None:
        report = log().error if record.levelno >= logging.ERROR else log().warning
        report("library message", library=ModuleName.of(record.name))


def _library_warning(*_: object, **__: object) -> None:
    log().warning("library message", kind="warning")


def _uncaught(_kind: type[BaseException], error: BaseException, _traceback: object) -> None:
    log().critical("uncaught exception", exc_info=error)


def _uncaught_in_thread(arguments: threading.ExceptHookArgs) -> None:
    log().critical("uncaught exception in a thread", exc_info=arguments.exc_value)


def _unraisable(arguments: Any) -> None:
    log().critical("exception in a finaliser", exc_info=arguments.exc_value)
