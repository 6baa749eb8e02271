"""The line that no exception crosses: each becomes a message a person can act on, and a code.

Messages of other libraries may carry a path, and paths carry names of people. So nothing is
printed here but what this package wrote itself.

A bug is found by its traceback, which may hold paths and names: with ``APPLIANCE_DEBUG=1`` in the
environment it is printed too. That is for developers and for test data only.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

import click

from appliance.cli.framework.usage_errors import usage_message
from appliance.errors import ApplianceError

EXIT_BUG = 70  # EX_SOFTWARE of sysexits.h
EXIT_INTERRUPTED = 130  # 128 + SIGINT, as shells count
EXIT_BROKEN_PIPE = 141  # 128 + SIGPIPE

DEBUG = "APPLIANCE_DEBUG"


def run_command(command: click.Command, arguments: Sequence[str], sealing: object = None) -> int:
    """Run ``command`` and give the exit code; what went wrong is said on stderr.

    ``sealing``: what :func:`appliance.cli.process.sealing.current_sealing` gives commands that
    seal their process, or the descriptors it is to close then.
    """
    # Opened before it is needed: a sealed process could not do it any more.
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - no path of a file
        try:
            code = _guarded(command, arguments, sealing)
            sys.stdout.flush()
            sys.stderr.flush()
        except BrokenPipeError:
            _mute(nowhere.fileno())
            return EXIT_BROKEN_PIPE
    return code


def _guarded(command: click.Command, arguments: Sequence[str], sealing: object) -> int:
    try:
        # Not command.main, which takes every EOFError, FFmpeg's too, for a Ctrl-D.
        with command.make_context("appliance", list(arguments), obj=sealing) as context:
            command.invoke(context)
    except click.exceptions.Exit as request:
        return request.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except KeyboardInterrupt:
        click.echo("stopped; nothing was written", err=True)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - the one place that must let nothing through
        message, hint, code = _explain(error)
        if code == EXIT_BUG and os.environ.get(DEBUG) == "1":
            traceback.print_exception(error)
        click.echo(f"error: {message}\nhint: {hint}", err=True)
        return code
    return 0


def _explain(error: Exception) -> tuple[str, str, int]:
    """Message, hint and exit code."""
    if isinstance(error, ApplianceError):
        return error.message, error.hint, error.exit_code
    if isinstance(error, click.UsageError):
        return *usage_message(error), error.exit_code
    # The type alone: arguments and traceback may hold paths.
    message = f"this is a bug of the program ({type(error).__name__})"
    return message, "Report it with the command's options, without file names.", EXIT_BUG


def _mute(nowhere: int) -> None:
    """Send what is still buffered nowhere, else the interpreter complains when it exits."""
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())
