"""``appliance models``: what is in a model pack, whether it is whole, and how packs are made."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from appliance.cli.framework.options import json_option, models_option, policy_option
from appliance.cli.framework.output import print_json, print_pairs
from appliance.cli.models.bench import bench
from appliance.cli.models.import_pack import import_models, keygen, sign_pack
from appliance.cli.models.optimize import optimize
from appliance.cli.models.show import show_cards
from appliance.cli.models.tune import tune
from appliance.cli.process.signing_keys import inspection_trust
from appliance.inference.manifest import ModelEntry
from appliance.inference.pack import ModelPack
from appliance.policy.policy import Policy


class PackReport(msgspec.Struct, frozen=True):
    """A pack.

    ``digest``: SHA-256 of its manifest. ``signer``: who vouches for it. ``verified``: whether
    every file was read.
    """

    name: str
    digest: str
    signer: str | None
    verified: bool
    models: tuple[ModelEntry, ...]


@click.group()
def models() -> None:
    """Look at the models of a pack, or make a pack of models."""


for command in (bench, import_models, keygen, optimize, show_cards, sign_pack, tune):
    models.add_command(command)


@models.command("list")
@models_option
@policy_option
@json_option
def list_models(models: Path | None, policy: Policy, as_json: bool) -> None:
    """List the models of a pack, as its manifest names them."""
    _show(_report(_look(models, policy), verified=False), as_json)


@models.command()
@models_option
@policy_option
@json_option
def verify(models: Path | None, policy: Policy, as_json: bool) -> None:
    """Read every file of a pack and hold it against the manifest and its family's contract."""
    pack = _look(models, policy)
    pack.verify()
    _show(_report(pack, verified=True), as_json)


def _look(folder: Path | None, policy: Policy) -> ModelPack:
    """The pack, whoever vouches for it: nothing of it is run."""
    return ModelPack.open(folder, inspection_trust(policy))


def _report(pack: ModelPack, verified: bool) -> PackReport:
    return PackReport(pack.name, pack.digest, pack.signer, verified, pack.entries)


def _show(report: PackReport, as_json: bool) -> None:
    if as_json:
        print_json(report)
        return
    signer = report.signer or "nobody who is trusted here: no photo may meet it"
    print_pairs([("pack", report.name), ("manifest", report.digest), ("vouched for by", signer)])
    for entry in report.models:
        click.echo(f"\n{entry.role}")
        print_pairs(
            [
                ("file", entry.file),
                ("family", entry.family),
                ("size", f"{entry.size / 1e6:.2f} MB"),
                ("licence", f"{entry.licence}; use: {entry.use}"),
                ("from", f"{entry.source.package} {entry.source.version}, {entry.source.registry}"),
            ],
            indent=2,
        )
    if report.verified:
        click.echo(f"\nall {len(report.models)} files are what the manifest says")
