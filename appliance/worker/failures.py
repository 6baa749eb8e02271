"""What goes wrong inside a worker, as an answer to whoever called."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from appliance.audit.entries import events, reasons
from appliance.errors import ApplianceError, LedgerError
from appliance.wire.message import Refusal
from appliance.worker.interface import Failed, error


class StopError(Exception):
    """The job was cancelled."""


def refusal_reason(stopped: Exception) -> events.Refusal:
    """Why a job ended without a result, as the ledger words it."""
    return "stopped" if isinstance(stopped, StopError) else reasons.reason(stopped)


@contextmanager
def errors_to_refusals() -> Iterator[None]:
    """An expected failure becomes the error of the interface that stands for it."""
    try:
        yield
    except StopError as stopped:
        raise Refusal(error("Stopped")) from stopped
    except LedgerError:
        # What cannot be logged must not go on; the broker sees the end of this process.
        os._exit(LedgerError.exit_code)
    except ApplianceError as wrong:
        details = Failed(refusal_reason(wrong), wrong.message, wrong.hint)
        raise Refusal(error("Failed"), details) from wrong
    except OSError as wrong:
        # The path in it goes no further.
        details = Failed(
            "output",
            f"The workspace cannot be used ({os.strerror(wrong.errno or 0)}).",
            "Take out what is finished, then close the session or use smaller files.",
        )
        raise Refusal(error("Failed"), details) from wrong
