"""Turns what goes wrong inside a worker into errors of its interface."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from appliance.audit.entries import fields, reasons
from appliance.errors import ApplianceError, LedgerError
from appliance.protocols import worker_api
from appliance.protocols.worker_api import Failed
from appliance.wire.message import CallError


class StopError(Exception):
    """The job was cancelled."""


def job_refusal_reason(stopped: Exception) -> fields.RefusalReason:
    """Why a job ended without a result, as a reason that the ledger knows."""
    return "stopped" if isinstance(stopped, StopError) else reasons.refusal_reason(stopped)


@contextmanager
def errors_to_refusals(
    error_name: Callable[[str], str] = worker_api.error_name,
) -> Iterator[None]:
    """Raise expected failures as ``CallError`` with the matching error of the interface.

    ``error_name``: the full name of an error; by default of the callers' interface.
    Ends the process, by ``os._exit``, on a ``LedgerError``: what cannot be logged must not happen,
    and the broker notices the exit of its worker.
    """
    try:
        yield
    except StopError as stopped:
        raise CallError(error_name("Stopped")) from stopped
    except LedgerError:
        os._exit(LedgerError.exit_code)
    except ApplianceError as failure:
        details = Failed(job_refusal_reason(failure), failure.message, failure.hint)
        raise CallError(error_name("Failed"), details) from failure
    except OSError as failure:
        # Only the kind of the error is passed on: its text holds a path.
        details = Failed(
            "output",
            f"The workspace cannot be used ({os.strerror(failure.errno or 0)}).",
            "Export what is finished, then close the session or use smaller files.",
        )
        raise CallError(error_name("Failed"), details) from failure
