"""Explains a wrong command line without repeating any of it: it may contain a name."""

from __future__ import annotations

import click


class PrivateParamType(click.ParamType[object]):
    """A type whose error says what it accepts, never which value it was given."""

    wanted: str = ""


class PrivateUsageError(click.UsageError):
    """A usage error whose message repeats nothing of the command line, so it may be printed."""


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
        return f"{_name(error)} takes {wanted or 'another kind of value'}."
    if isinstance(error, click.NoSuchOption):
        similar = ", ".join(error.possibilities or ())
        return f"There is no such option{f'; similar: {similar}' if similar else ''}."
    if isinstance(error, click.BadOptionUsage):
        # Click does not tell the two apart except in its own message.
        return f"The option {error.option_name} lacks its value, or takes none."
    if isinstance(error, click.NoSuchCommand):
        return "There is no such command."
    return "There are more arguments than the command takes."


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
