"""What goes wrong inside a worker, as an answer to whoever called."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from appliance.audit.entries import events, reasons
from appliance.errors import ApplianceError, LedgerError
from appliance.protocols.worker_api import Failed, error_name
from appliance.wire.message import CallError


class StopError(Exception):
    """The job was cancelled."""


def reason(stopped: Exception) -> events.RefusalReason:
    """Why a job ended without a result, as the ledger words it."""
    return "stopped" if isinstance(stopped, StopError) else reasons.refusal_reason(stopped)


@contextmanager
def told() -> Iterator[None]:
    """An expected failure becomes the error of the interface that stands for it."""
    try:
        yield
    except StopError as stopped:
        raise CallError(error_name("Stopped")) from stopped
    except LedgerError:
        # What cannot be logged must not go on; the broker sees the end of this process.
        os._exit(LedgerError.exit_code)
    except ApplianceError as wrong:
        details = Failed(reason(wrong), wrong.message, wrong.hint)
        raise CallError(error_name("Failed"), details) from wrong
    except OSError as wrong:
        # The path in it goes no further.
        details = Failed(
            "output",
            f"The workspace cannot be used ({os.strerror(wrong.errno or 0)}).",
            "Take out what is finished, then close the session or use smaller files.",
        )
        raise CallError(error_name("Failed"), details) from wrong
