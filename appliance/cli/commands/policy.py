"""``appliance policy``: what a site allows, checked, shown and compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import msgspec
import yaml

from appliance.cli.framework.options import FILE, json_option
from appliance.cli.framework.output import print_pairs
from appliance.policy.load import load
from appliance.policy.policy import EMBEDDED, Policy

_SAME = "the same"


@click.group()
def policy() -> None:
    """Check, show or compare the policies of a site."""


@policy.command()
@click.argument("files", type=FILE, nargs=-1, required=True, metavar="FILE...")
def check(files: Sequence[Path]) -> None:
    """Say whether policies are sound; the first that is not ends with its line and key."""
    for file in files:
        click.echo(f"{load(file).digest}  {file.name}")


@policy.command()
@click.argument("file", type=FILE, required=False)
@json_option
def show(file: Path | None, as_json: bool) -> None:
    """Print every key with its value, defaults too; without FILE those `appliance swap` follows.

    With --json the bytes whose SHA-256 signed records name, and a line end.
    """
    shown = load(file) if file else EMBEDDED
    if as_json:
        click.echo(shown.canonical.decode())
        return
    click.echo(f"# {shown.digest}")
    click.echo(yaml.safe_dump(_plain(shown), sort_keys=False, default_flow_style=None), nl=False)


@policy.command()
@click.argument("one", type=FILE)
@click.argument("other", type=FILE)
def diff(one: Path, other: Path) -> None:
    """Print the keys in which two policies differ, with both values."""
    before, after = (dict(_keys(_plain(load(file)))) for file in (one, other))
    differing = [key for key in before | after if before.get(key) != after.get(key)]
    if not differing:
        click.echo(_SAME)
    print_pairs((key, f"{before.get(key, '-')} -> {after.get(key, '-')}") for key in differing)


@policy.command()
def schema() -> None:
    """Print the JSON Schema of a policy, for editors."""
    click.echo(msgspec.json.format(msgspec.json.encode(msgspec.json.schema(Policy))).decode())


def _plain(shown: Policy) -> dict[str, object]:
    plain: dict[str, object] = msgspec.json.decode(msgspec.json.encode(shown))
    return plain


def _keys(value: object, key: str = "") -> Iterator[tuple[str, object]]:
    """Dotted names and values of all that is no mapping."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _keys(inner, f"{key}.{name}" if key else name)
    else:
        yield key, value
