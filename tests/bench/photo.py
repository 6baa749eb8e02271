"""How long one photo takes: process start to file, and each further one in the same process.

python -m tests.bench.photo
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from statistics import median
from time import perf_counter

from rich.console import Console
from rich.table import Table

from appliance.pipeline.media.photo.decode import read_photo
from appliance.pipeline.media.photo.encode import encode_photo
from appliance.pipeline.run import SwapOptions, read_source, swap_photo
from tests.bench.quality import load_pipeline
from tests.paths import PORTRAITS

SOURCE, TARGET = PORTRAITS / "person_b_1.jpg", PORTRAITS / "person_d_1.jpg"
COLD_RUNS, WARM_RUNS = 5, 20


def durations(action: Callable[[], object], runs: int) -> list[float]:
    """Milliseconds of each of ``runs``, the first of all left out."""
    action()
    taken = []
    for _ in range(runs):
        started = perf_counter()
        action()
        taken.append(1e3 * (perf_counter() - started))
    return taken


def cold() -> list[float]:
    """The whole command in a process of its own, files in the page cache."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "appliance.cli.main", "swap", "--source", str(SOURCE)]
        command += ["--target", str(TARGET), "--output", f"{folder}/result.jpg", "--overwrite"]
        return durations(
            lambda: subprocess.run(command, check=True, capture_output=True), COLD_RUNS
        )


def warm(options: SwapOptions) -> list[float]:
    """From the target's bytes to the result's, models and source at hand."""
    pipeline = load_pipeline()
    source = read_source(pipeline, [read_photo(SOURCE.read_bytes())])
    data = TARGET.read_bytes()

    def swap() -> bytes:
        result, _ = swap_photo(pipeline, source, read_photo(data), options)
        return encode_photo(result, "jpeg")

    return durations(swap, WARM_RUNS)


def main() -> None:
    """Print the table."""
    table = Table(title="One photo, 747×900, one face, ms")
    table.add_column("what")
    for heading in ("median", "least", "most", "goal"):
        table.add_column(heading, justify="right")
    for what, taken, goal in (
        ("process start to file", cold(), "<= 2000"),
        ("a further photo in the same process", warm(SwapOptions(likeness=False)), "<= 80"),
        ("... with the likeness measured too", warm(SwapOptions()), ""),
    ):
        figures = (median(taken), min(taken), max(taken))
        table.add_row(what, *(f"{figure:.0f}" for figure in figures), goal)
    Console().print(table)


if __name__ == "__main__":
    main()
