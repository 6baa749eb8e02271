"""``appliance models tune``: how many threads and samples at once suit a pack's networks here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from appliance.cli.framework.options import (
    FILE,
    json_option,
    models_option,
    policy_option,
    provider_option,
)
from appliance.cli.framework.output import print_json
from appliance.cli.process.signing_keys import inspection_trust
from appliance.cli.process.tuning_store import setting_line, tune_pack
from appliance.inference.calibrate import Trial
from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from appliance.inference.tuning import Setting
from appliance.policy.policy import Policy


class TunedNetwork(msgspec.Struct, frozen=True):
    """One network. ``trials``: all that was tried, in ms a sample."""

    role: str
    setting: Setting
    trials: tuple[Trial, ...]


class TunedPack(msgspec.Struct, frozen=True):
    """A pack's networks on one provider."""

    pack: str
    provider: str
    networks: tuple[TunedNetwork, ...]


@click.command()
@models_option
@provider_option
@click.option(
    "--into",
    type=FILE,
    metavar="FILE",
    help="File that keeps it, for the workers of an appliance. [default: in your state folder]",
)
@policy_option
@json_option
def tune(
    *,
    models: Path | None,
    provider: str | None,
    into: Path | None,
    policy: Policy,
    as_json: bool,
) -> None:
    """Measure what suits a pack's networks on this machine, and keep it for swaps.

    Some 3 seconds a network, on made-up input. `models import` and `optimize` do it too; a swap
    without it gives every network all cores, one sample at a time.
    """
    providers = (provider,) if provider else policy.engine.providers
    chosen = Runtime(providers).providers[0]
    # Nobody's photo is shown to them, so anybody's pack may be measured.
    pack = ModelPack.open(models, inspection_trust(policy))
    found: list[TunedNetwork] = []

    def tell(role: str, setting: Setting, trials: Sequence[Trial]) -> None:
        found.append(TunedNetwork(role, setting, tuple(trials)))
        if not as_json:
            click.echo(setting_line(role, setting))

    tune_pack(pack, chosen, tell, into)
    if as_json:
        print_json(TunedPack(pack.name, chosen, tuple(found)))
