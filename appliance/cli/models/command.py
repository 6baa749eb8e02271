"""``appliance models``: lists and verifies packs; the other commands are in this folder."""

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

    ``digest``: SHA-256 of its manifest. ``signer``: the trusted key that signed it, if any.
    ``verified``: whether every file was read and checked.
    """

    name: str
    digest: str
    signer: str | None
    verified: bool
    models: tuple[ModelEntry, ...]


@click.group()
def models() -> None:
    """List, verify, create, sign and optimise packs of models."""


for command in (bench, import_models, keygen, optimize, show_cards, sign_pack, tune):
    models.add_command(command)


@models.command("list")
@models_option
@policy_option
@json_option
def list_models(models: Path | None, policy: Policy, as_json: bool) -> None:
    """List the models that the manifest of a pack names."""
    _print(_report(_open(models, policy), verified=False), as_json)


@models.command()
@models_option
@policy_option
@json_option
def verify(models: Path | None, policy: Policy, as_json: bool) -> None:
    """Check every file of a pack.

    Each is compared with its hash in the manifest and with the contract of its model family.
    """
    pack = _open(models, policy)
    pack.verify()
    _print(_report(pack, verified=True), as_json)


def _open(folder: Path | None, policy: Policy) -> ModelPack:
    """The pack, trusted or not: none of its models is run."""
    return ModelPack.open(folder, inspection_trust(policy))


def _report(pack: ModelPack, verified: bool) -> PackReport:
    return PackReport(pack.name, pack.digest, pack.signer, verified, pack.entries)


def _print(report: PackReport, as_json: bool) -> None:
    if as_json:
        print_json(report)
        return
    signer = report.signer or "no trusted key; this pack cannot be used for swaps"
    print_pairs([("pack", report.name), ("manifest", report.digest), ("signed by", signer)])
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
        click.echo(f"\nall {len(report.models)} files match the manifest")
