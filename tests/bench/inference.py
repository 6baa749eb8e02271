"""Times the networks of a pack on this machine: ``python -m tests.bench.inference``.

For each network: reading and checking the file, building the session, and the median of 30 runs,
plain and with bound buffers.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from statistics import median
from time import perf_counter

import numpy as np
from rich.console import Console
from rich.table import Table

from appliance.inference.contract import Contract
from appliance.inference.families import CONTRACTS
from appliance.inference.graph import check_graph
from appliance.inference.manifest import ModelEntry
from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime

RUNS = 30
ANY_SIZE = (128, 128)  # for networks that take pictures of any size: height, width


def milliseconds(action: Callable[[], object], runs: int = 1) -> float:
    """The median duration of ``action``."""

    def once() -> float:
        start = perf_counter()
        action()
        return 1000 * (perf_counter() - start)

    return median(once() for _ in range(runs))


def measure(pack: ModelPack, runtime: Runtime, entry: ModelEntry, contract: Contract) -> list[str]:
    """One row of the table."""
    data = pack.read(entry.role)
    network = runtime.load(pack, entry.role)
    height, width = contract.image.size or ANY_SIZE
    tensor = network.tensor(np.full((height, width, 3), 128, np.uint8))
    numbers = (
        milliseconds(lambda: pack.read(entry.role)),
        milliseconds(lambda: check_graph(data, contract, entry.file)),
        milliseconds(lambda: runtime.load(pack, entry.role)),
        milliseconds(lambda: network.run(tensor), RUNS),
    )
    return [entry.role, network.provider, *(f"{number:.1f}" for number in numbers)]


def main() -> None:
    """Measure and print."""
    pack = ModelPack.open()
    runtime = Runtime()
    columns = ("role", "provider", "read ms", "check ms", "load ms", "run ms")
    table = Table(*columns, title=f"{runtime.threads} threads, {os.cpu_count()} cores")
    for entry in pack.entries:
        if contract := CONTRACTS.get(entry.family):
            table.add_row(*measure(pack, runtime, entry, contract))
    Console().print(table)


if __name__ == "__main__":
    main()
