"""``appliance policy``: checks, shows and compares policies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import msgspec
import yaml

from appliance.cli.framework.options import FILE, json_option
from appliance.cli.framework.output import print_pairs
from appliance.policy.enforcement import not_enforced_yet
from appliance.policy.load import load
from appliance.policy.policy import EMBEDDED, Policy

_IDENTICAL = "identical"


@click.group()
def policy() -> None:
    """Check, show and compare policies."""


@policy.command()
@click.argument("files", type=FILE, nargs=-1, required=True, metavar="FILE...")
def check(files: Sequence[Path]) -> None:
    """Check that policies are valid, and print their digests.

    Stops at the first invalid policy and names the line and the key at fault.
    """
    for file in files:
        click.echo(f"{load(file).digest}  {file.name}")


@policy.command("show")
@click.argument("file", type=FILE, required=False)
@json_option
def show_policy(file: Path | None, as_json: bool) -> None:
    """Print every key of a policy with its value, including defaults, and which do nothing yet.

    Without FILE, the policy that commands follow by default. With --json, the canonical form
    (plus a line end), whose SHA-256 the ledger records.
    """
    chosen = load(file) if file else EMBEDDED
    if as_json:
        click.echo(chosen.canonical.decode())
        return
    click.echo(f"# {chosen.digest}")
    if pending := not_enforced_yet():
        click.echo(f"# not enforced yet: {', '.join(pending)}")
    click.echo(yaml.safe_dump(_as_dict(chosen), sort_keys=False, default_flow_style=None), nl=False)


@policy.command()
@click.argument("first", type=FILE, metavar="A")
@click.argument("second", type=FILE, metavar="B")
def diff(first: Path, second: Path) -> None:
    """Print the keys in which policies A and B differ, with both values."""
    before, after = (dict(_keys(_as_dict(load(file)))) for file in (first, second))
    differing = [key for key in before | after if before.get(key) != after.get(key)]
    if not differing:
        click.echo(_IDENTICAL)
    print_pairs((key, f"{before.get(key, '-')} -> {after.get(key, '-')}") for key in differing)


@policy.command()
def schema() -> None:
    """Print the JSON Schema of policies, for editors."""
    click.echo(msgspec.json.format(msgspec.json.encode(msgspec.json.schema(Policy))).decode())


def _as_dict(policy: Policy) -> dict[str, object]:
    """Plain values, as JSON and YAML have them."""
    values: dict[str, object] = msgspec.json.decode(msgspec.json.encode(policy))
    return values


def _keys(value: object, key: str = "") -> Iterator[tuple[str, object]]:
    """Dotted names and values of all leaves."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _keys(inner, f"{key}.{name}" if key else name)
    else:
        yield key, value
