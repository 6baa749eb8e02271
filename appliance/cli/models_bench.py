"""``appliance models bench``: how fast each network of a pack runs on this machine."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import click
import msgspec
import numpy as np

from appliance.cli.keys import looking
from appliance.cli.options import json_option, models_option, policy_option, provider_option
from appliance.cli.report import show_json
from appliance.inference.contract import ImageInput
from appliance.inference.families import CONTRACTS
from appliance.inference.pack import ModelPack
from appliance.inference.session import Network, Numbers, Runtime
from appliance.policy.policy import Policy

ANY_SIZE = (128, 128)  # the picture that networks of any size are given
MOST_RUNS = 50
SECONDS = 2.0  # a network; one run at least


class Speed(msgspec.Struct, frozen=True):
    """``milliseconds``: the median of ``runs``, after one that is not counted."""

    role: str
    file: str
    provider: str
    milliseconds: float
    runs: int


class Speeds(msgspec.Struct, frozen=True):
    """Of a pack's networks, with ``threads`` each on a CPU."""

    pack: str
    threads: int
    speeds: tuple[Speed, ...]


@click.command()
@models_option
@provider_option
@policy_option
@json_option
def bench(models: Path | None, provider: str | None, policy: Policy, as_json: bool) -> None:
    """Measure the networks of a pack on this machine: one sample, made-up input."""
    runtime = Runtime() if provider is None else Runtime((provider,))
    # Nobody's photo is shown to them, so anybody's pack may be measured.
    pack = ModelPack.open(models, looking(policy))
    networks = (
        runtime.load(pack, entry.role) for entry in pack.entries if entry.family in CONTRACTS
    )
    result = Speeds(pack.name, runtime.threads, tuple(_measure(network) for network in networks))
    if as_json:
        show_json(result)
        return
    click.echo(f"{'role':<20} {'provider':<9} {'ms':>9}  file")
    for speed in result.speeds:
        click.echo(f"{speed.role:<20} {speed.provider:<9} {speed.milliseconds:>9.2f}  {speed.file}")


def _measure(network: Network) -> Speed:
    first, others = _sample(network)
    network.run(first, **others)
    taken: list[float] = []
    while not taken or (sum(taken) < SECONDS and len(taken) < MOST_RUNS):
        start = time.perf_counter()
        network.run(first, **others)
        taken.append(time.perf_counter() - start)
    entry = network.entry
    median = round(1000 * statistics.median(taken), 3)
    return Speed(entry.role, entry.file, network.provider, median, len(taken))


def _sample(network: Network) -> tuple[np.ndarray, dict[str, Numbers]]:
    """An input for each of the network's, the first apart: grey pictures, and halves."""
    made: dict[str, Numbers] = {}
    for put in network.tensors.inputs:
        if isinstance(put, ImageInput):
            made[put.name] = put.tensor(np.full((*(put.size or ANY_SIZE), 3), 128, np.uint8))
        else:
            made[put.name] = np.full([side or 1 for side in put.shape], 0.5, put.dtype)
    first = made.pop(network.contract.inputs[0].name)
    return np.asarray(first, np.float32), made
