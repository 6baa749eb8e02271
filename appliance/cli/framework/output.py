"""Prints results: aligned lines for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import TypeAlias

import click
import msgspec

LabelledValue: TypeAlias = tuple[str, str]


def print_json(result: msgspec.Struct) -> None:
    """``result`` as one JSON object on stdout."""
    click.echo(msgspec.json.encode(result, enc_hook=_to_json).decode())


def print_pairs(pairs: Iterable[LabelledValue], indent: int = 0) -> None:
    """Labels and values on stdout, one pair per line, the values aligned."""
    listed = list(pairs)
    width = max((len(label) for label, _ in listed), default=0)
    for label, value in listed:
        click.echo(f"{' ' * indent}{label:<{width}}  {value}")


def _to_json(value: object) -> float:
    """Durations and rates are exact fractions; JSON has only numbers."""
    if isinstance(value, Fraction):
        return float(value)
    raise TypeError(f"no JSON for {type(value).__name__}")
