"""What the seal costs: at start, and while a video is swapped, side by side with none.

python -m tests.bench.seal

Only here can a command be run without its seal: by giving it one that does nothing.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from tests.fetch import CLIP
from tests.paths import PORTRAITS

SOURCE, TARGET = PORTRAITS / "person_b_1.jpg", PORTRAITS / "person_d_1.jpg"
STARTS, RUNS = 9, 5

# The two steps alone, in a process that has the models' libraries loaded, as the commands have.
_STEPS = """
import os, sys, time
os.environ["OPENBLAS_NUM_THREADS"] = "1"
from pathlib import Path
from appliance.cli.main import descriptors
from appliance.cli.process.sealing import ProcessSealing
import appliance.pipeline.analysis.analyser
sealing = ProcessSealing(descriptors())
started = time.perf_counter()
sealing.confine([], [Path(sys.argv[1]) / "result.png"])
sealing.seal("cpu")
print(1e3 * (time.perf_counter() - started))
"""

_UNSEALED = """
import os, sys
os.environ["OPENBLAS_NUM_THREADS"] = "1"
from appliance.cli.framework.exit_boundary import run_command
from appliance.cli.framework.run_context import RunContext
from appliance.cli.main import appliance
class Nothing:
    report = None
    def confine(self, *_, **__): pass
    def seal(self, *_, **__): pass
sys.exit(run_command(appliance, sys.argv[1:], RunContext(sealing=Nothing())))
"""

_SEALED = "from appliance.cli.main import main; main()"


def output(code: str, *words: str | Path) -> bytes:
    """What a process of its own printed."""
    command = [sys.executable, "-c", code, *map(str, words)]
    return subprocess.run(command, check=True, capture_output=True).stdout


def steps(folder: Path) -> list[float]:
    """Milliseconds of the seal itself."""
    return [float(output(_STEPS, folder)) for _ in range(STARTS)]


def swaps(folder: Path, target: Path, result: str) -> tuple[list[float], list[float]]:
    """Core-seconds of the same command sealed and unsealed, by turns.

    Of cores, since what else the machine does moves the wall clock by more than a seal could.
    """
    words = ("swap", "--source", SOURCE, "--target", target, "--overwrite", "--json")
    taken: tuple[list[float], list[float]] = ([], [])
    for number in range(2 * (RUNS + 1)):
        before = spent()
        output((_SEALED, _UNSEALED)[number % 2], *words, "--output", folder / result)
        if number >= 2:  # the first of each fills the page cache
            taken[number % 2].append(spent() - before)
    return taken


def spent() -> float:
    """Core-seconds of all processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Print the table."""
    table = Table(title="The seal")
    for heading in ("what", "sealed", "unsealed", "ratio", "goal"):
        table.add_column(heading, justify="left" if heading == "what" else "right")

    def compare(what: str, taken: tuple[Sequence[float], Sequence[float]], goal: str) -> None:
        sealed, unsealed = map(median, taken)
        ratio = f"{sealed / unsealed:.3f}"
        table.add_row(what, f"{sealed:.2f} s", f"{unsealed:.2f} s", ratio, goal)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["XDG_STATE_HOME"] = str(folder / "state")  # a ledger of the bench's own
        alone = steps(folder)
        table.add_row("both steps, median", f"{median(alone):.1f} ms", "", "", "<= 20 ms")
        compare("a photo, core-seconds, median of 5", swaps(folder, TARGET, "result.jpg"), "")
        compare(
            "72 frames, core-seconds, median of 5", swaps(folder, CLIP, "result.mp4"), "<= 1.01"
        )
    Console().print(table)


if __name__ == "__main__":
    main()
