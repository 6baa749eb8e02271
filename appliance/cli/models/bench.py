"""``appliance models bench``: measures the speed of each network of a pack."""

from __future__ import annotations

import statistics
from pathlib import Path

import click
import msgspec

from appliance.cli.framework.options import (
    json_option,
    models_option,
    policy_option,
    provider_option,
)
from appliance.cli.framework.output import print_json
from appliance.cli.process.signing_keys import inspection_trust
from appliance.inference.families import CONTRACTS
from appliance.inference.manifest import Precision
from appliance.inference.measure import dummy_inputs, milliseconds
from appliance.inference.network import Network
from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from appliance.policy.policy import Policy

SECONDS = 2.0  # per network; at least one run


class NetworkSpeed(msgspec.Struct, frozen=True):
    """``milliseconds``: the median of ``runs``, after one warm-up run.

    ``precision``: of the variant that runs here; ``None`` if it is the published file.
    """

    role: str
    file: str
    precision: Precision | None
    provider: str
    milliseconds: float
    runs: int


class PackSpeeds(msgspec.Struct, frozen=True):
    """The networks of a pack, each with ``threads`` on a CPU."""

    pack: str
    threads: int
    speeds: tuple[NetworkSpeed, ...]


@click.command()
@models_option
@provider_option
@policy_option
@json_option
def bench(models: Path | None, provider: str | None, policy: Policy, as_json: bool) -> None:
    """Measure the speed of each network on this machine.

    Each is run with one sample of synthetic input.
    """
    runtime = Runtime() if provider is None else Runtime((provider,))
    # Synthetic input only, so the pack need not be trusted.
    pack = ModelPack.open(models, inspection_trust(policy))
    networks = (
        runtime.load(pack, entry.role) for entry in pack.entries if entry.family in CONTRACTS
    )
    result = PackSpeeds(
        pack.name, runtime.threads, tuple(_measure(network) for network in networks)
    )
    if as_json:
        print_json(result)
        return
    click.echo(f"{'role':<20} {'provider':<9} {'precision':<12} {'ms':>9}  file")
    for speed in result.speeds:
        precision = speed.precision or "as published"
        click.echo(
            f"{speed.role:<20} {speed.provider:<9} {precision:<12} {speed.milliseconds:>9.2f}  "
            f"{speed.file}"
        )


def _measure(network: Network) -> NetworkSpeed:
    first, others = dummy_inputs(network)
    taken = milliseconds(lambda: network.run(first, **others), SECONDS)
    entry, median = network.entry, round(statistics.median(taken), 3)
    return NetworkSpeed(
        entry.role, entry.file, network.precision, network.provider, median, len(taken)
    )
