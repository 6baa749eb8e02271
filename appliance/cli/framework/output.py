"""What a command has found out, as aligned lines for people or as JSON for programs."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import click
import msgspec

LabelledValue = tuple[str, str]


def print_json(result: msgspec.Struct) -> None:
    """``result`` as one JSON object on stdout."""
    click.echo(msgspec.json.encode(result, enc_hook=_plain).decode())


def print_pairs(pairs: Iterable[LabelledValue], indent: int = 0) -> None:
    """Labels and values on stdout, the values one below the other."""
    listed = list(pairs)
    width = max((len(label) for label, _ in listed), default=0)
    for label, value in listed:
        click.echo(f"{' ' * indent}{label:<{width}}  {value}")


def _plain(value: object) -> float:
    """Durations and rates are exact fractions; JSON has only numbers."""
    if isinstance(value, Fraction):
        return float(value)
    raise TypeError(f"no JSON for {type(value).__name__}")
