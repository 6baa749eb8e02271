"""``appliance models``: what is in a model pack, and whether it is whole."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from appliance.cli.options import json_option, models_option
from appliance.cli.report import show_json, show_pairs
from appliance.inference.manifest import ModelEntry
from appliance.inference.pack import ModelPack


class PackReport(msgspec.Struct, frozen=True):
    """A pack. ``digest``: SHA-256 of its manifest. ``verified``: whether every file was read."""

    name: str
    digest: str
    verified: bool
    models: tuple[ModelEntry, ...]


@click.group()
def models() -> None:
    """List or verify the models of a pack."""


@models.command("list")
@models_option
@json_option
def list_models(models: Path | None, as_json: bool) -> None:
    """List the models of a pack, as its manifest names them."""
    _show(_report(ModelPack.open(models), verified=False), as_json)


@models.command()
@models_option
@json_option
def verify(models: Path | None, as_json: bool) -> None:
    """Read every file of a pack and hold it against the manifest and its family's contract."""
    pack = ModelPack.open(models)
    pack.verify()
    _show(_report(pack, verified=True), as_json)


def _report(pack: ModelPack, verified: bool) -> PackReport:
    return PackReport(pack.name, pack.digest, verified, pack.entries)


def _show(report: PackReport, as_json: bool) -> None:
    if as_json:
        show_json(report)
        return
    show_pairs([("pack", report.name), ("manifest", report.digest)])
    for entry in report.models:
        click.echo(f"\n{entry.role}")
        show_pairs(
            [
                ("file", entry.file),
                ("family", entry.family),
                ("size", f"{entry.size / 1e6:.2f} MB"),
                ("licence", entry.licence),
                ("from", f"{entry.source.package} {entry.source.version}, {entry.source.registry}"),
            ],
            indent=2,
        )
    if report.verified:
        click.echo(f"\nall {len(report.models)} files are what the manifest says")
