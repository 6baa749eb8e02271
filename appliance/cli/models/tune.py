"""``appliance models tune``: finds the best number of threads and batch size for each network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from appliance.cli.process.tuning_store import failure_line, setting_line, tune_pack
from appliance.errors import ProviderError
from appliance.inference.calibrate import Trial
from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from appliance.inference.tuning import Setting
from appliance.policy.policy import Policy


class TunedNetwork(msgspec.Struct, frozen=True):
    """One network. ``trials``: all settings that were tried, in ms per sample."""

    role: str
    setting: Setting
    trials: tuple[Trial, ...]


class TunedPack(msgspec.Struct, frozen=True):
    """The networks of a pack on one provider. ``failed``: why one has no setting, by role."""

    pack: str
    provider: str
    networks: tuple[TunedNetwork, ...]
    failed: Mapping[str, str] = {}


@click.command()
@models_option
@provider_option
@click.option(
    "--into",
    type=FILE,
    metavar="FILE",
    help="File for the settings, to be read by the workers of an appliance. "
    "[default: in your state folder]",
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
    """Find the fastest settings for this machine.

    Measures each network in its forms, with several numbers of threads and batch sizes, on
    synthetic input, and stores the best for later swaps. That takes about 3 seconds per network
    and, on a GPU, the time to load it ten times. `models import` and `models optimize` do the
    same. Without it a swap on a CPU runs one sample at a time on all cores, and a swap on a GPU
    compares each variant with the published file at its start.
    """
    providers = (provider,) if provider else policy.engine.providers
    chosen = Runtime(providers).providers[0]
    # Synthetic input only, so the pack need not be trusted.
    pack = ModelPack.open(models, inspection_trust(policy))
    found: list[TunedNetwork] = []

    def report(role: str, setting: Setting, trials: Sequence[Trial]) -> None:
        found.append(TunedNetwork(role, setting, tuple(trials)))
        if not as_json:
            click.echo(setting_line(role, setting))

    failed = tune_pack(pack, chosen, report, into)
    if as_json:
        reasons = {role: error.message for role, error in failed.items()}
        print_json(TunedPack(pack.name, chosen, tuple(found), reasons))
    else:
        for role, error in failed.items():
            click.echo(failure_line(role, error))
    if failed:
        raise ProviderError(
            f"{len(failed)} of {len(failed) + len(found)} networks could not be measured on "
            f"{chosen}; the settings of the others are stored.",
            next(iter(failed.values())).hint,
        )
