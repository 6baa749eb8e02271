"""What is wrong with a command line, told without repeating a word of it: it may hold a name."""

from __future__ import annotations

import click


class PrivateParamType(click.ParamType[object]):
    """A type of our own: says what it wants, and never what it got instead."""

    wanted: str = ""


class PrivateUsageError(click.UsageError):
    """What is wrong, in words of our own that repeat none of the command line."""


def usage_message(error: click.UsageError) -> tuple[str, str]:
    """The message and the hint for a wrong command line."""
    context = error.ctx
    path = context.command_path if context is not None else "appliance"
    message = error.message if isinstance(error, PrivateUsageError) else _message(error)
    return message, f"`{path} --help` lists what can be given."


def _message(error: click.UsageError) -> str:
    if isinstance(error, click.MissingParameter):
        return f"{_name(error)} is missing."
    if isinstance(error, click.BadParameter):
        wanted = "" if error.param is None else _wanted(error.param.type)
        return f"{_name(error)} takes {wanted or 'something else'}."
    if isinstance(error, click.NoSuchOption):
        close = ", ".join(error.possibilities or ())
        return f"There is no such option{f'; near to it: {close}' if close else ''}."
    if isinstance(error, click.BadOptionUsage):
        return f"The option {error.option_name} needs a value, or takes none."
    if isinstance(error, click.NoSuchCommand):
        return "There is no such command."
    return "There are more words than the command takes."


def _name(error: click.BadParameter) -> str:
    parameter = error.param
    if isinstance(parameter, click.Option):
        return f"The option {max(parameter.opts, key=len)}"
    return "An argument" if parameter is None else f"The argument {parameter.human_readable_name}"


def _wanted(kind: click.ParamType[object]) -> str:
    if isinstance(kind, PrivateParamType):
        return kind.wanted
    if isinstance(kind, click.Choice):
        return f"one of {', '.join(str(choice) for choice in kind.choices)}"
    return ""
