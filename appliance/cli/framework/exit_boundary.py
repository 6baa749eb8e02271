"""The outermost layer: every exception becomes a message a person can act on, and an exit code.

Messages of other libraries may contain a path, and a path may contain a person's name. Only text
that this package wrote itself is printed.

Of a bug, its type and the line of this package are printed. The traceback may contain paths and
names: it is printed only with ``APPLIANCE_DEBUG=1`` in the environment. That is for developers and
test data.
"""

from __future__ import annotations

import mmap
import os
import sys
import traceback
from collections.abc import Callable, Sequence

import click

from appliance.cli.framework.run_context import RunContext
from appliance.cli.framework.usage_errors import usage_message
from appliance.error_causes import resource_error
from appliance.errors import ApplianceError, ResourceError

EXIT_UNANSWERED = 1
EXIT_BUG = 70  # EX_SOFTWARE of sysexits.h
EXIT_INTERRUPTED = 130  # 128 + SIGINT, as shells count
EXIT_BROKEN_PIPE = 141  # 128 + SIGPIPE

_PACKAGE = "appliance."
_PROBE = 128 << 20  # bytes; libraries fail at far smaller pieces
_SHORT = " This process has reached the limit of its memory, which may be the true cause."
_EXTERNAL = " Too little memory, or too few processes for this user, may be the true cause."

DEBUG = "APPLIANCE_DEBUG"


def run_command(
    command: click.Command, arguments: Sequence[str], context: RunContext | None = None
) -> int:
    """Run ``command`` and return its exit code; errors are explained on stderr."""
    code = _attempt(lambda: _invoke(command, arguments, context or RunContext()))
    # What is still in the buffer may not fit either. An earlier error matters more.
    flushed = _attempt(_flush)
    return code or flushed


def _invoke(command: click.Command, arguments: Sequence[str], context: RunContext) -> int:
    """The exit code of ``command``. Raises whatever it does."""
    try:
        # Not command.main, which takes every EOFError, FFmpeg's too, for a Ctrl-D.
        with command.make_context("appliance", list(arguments), obj=context) as click_context:
            command.invoke(click_context)
    except click.exceptions.Exit as request:
        return request.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    return 0


def _flush() -> int:
    """0. Raises what :mod:`appliance.cli.framework.standard_streams` does."""
    sys.stdout.flush()
    return 0


def _attempt(step: Callable[[], int]) -> int:
    """The exit code of ``step``, or that for what it raises, which is explained on stderr."""
    try:
        return step()
    except KeyboardInterrupt:
        return _interrupted()
    except BrokenPipeError:
        return EXIT_BROKEN_PIPE
    except Exception as error:  # noqa: BLE001 - the one place that must let nothing through
        if isinstance(error, click.Abort) and isinstance(error.__context__, KeyboardInterrupt):
            return _interrupted()  # click's prompts turn it into an exception of their own
        message, hint, code = _explain(error)
        if code == EXIT_BUG and os.environ.get(DEBUG) == "1":
            traceback.print_exception(error)
        click.echo(f"error: {message}\nhint: {hint}", err=True)
        return code


def _interrupted() -> int:
    click.echo("interrupted; nothing was written", err=True)
    return EXIT_INTERRUPTED


def _explain(error: Exception) -> tuple[str, str, int]:
    """Message, hint and exit code."""
    error = resource_error(error) or error
    if isinstance(error, click.UsageError):
        return *usage_message(error), error.exit_code
    if isinstance(error, ApplianceError):
        return error.message, error.hint + _doubt(error), error.exit_code
    if isinstance(error, click.Abort):
        hint = "Run the command at a terminal, or pass the answer through standard input."
        return "Something was asked for, and standard input holds no answer.", hint, EXIT_UNANSWERED
    if _is_memory_short():
        return _explain(MemoryError())
    # No more: arguments and traceback may contain paths.
    message = f"this is a bug in the program ({type(error).__name__} at {_place(error)})"
    return message, "Report it with the options of the command, without file names.", EXIT_BUG


def _place(error: Exception) -> str:
    """The innermost line of this package that ``error`` went through, as ``module:line``."""
    own = [
        f"{name}:{line}"
        for frame, line in traceback.walk_tb(error.__traceback__)
        if (name := str(frame.f_globals.get("__name__"))).startswith(_PACKAGE)
    ]
    return own[-1].removeprefix(_PACKAGE) if own else "an unknown place"


def _doubt(error: ApplianceError) -> str:
    """What to add to the hint where something else than ``error`` says may be the cause."""
    if error.__cause__ is None or isinstance(error, ResourceError):
        return ""
    if _is_memory_short():
        return _SHORT
    # FFmpeg does not say why x264 or x265 gave up; without a thread they do.
    kind = type(error.__cause__)
    is_external = kind.__module__ == "av.error" and kind.__name__ == "ExternalError"
    return _EXTERNAL if is_external else ""


def _is_memory_short() -> bool:
    """Whether this process has reached a limit of its memory, which then is a likely cause.

    What the error's frames still hold has not been freed yet.
    """
    try:
        with mmap.mmap(-1, _PROBE):
            return False
    except OSError:
        return True
