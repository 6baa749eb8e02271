"""Fuzzes one parser: ``python -m tests.fuzz TARGET SECONDS``; without arguments, names them all.

It starts from sound files, and fails when a parser raises anything but the error it documents.
atheris (libFuzzer) instruments what is imported inside ``instrument_imports``, so that it notices
which inputs reach new branches.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["yaml", "tomllib", "appliance"]):
    from tests.fuzz.targets import TARGETS

# Megabytes. A photo may claim 128 megapixels, and is decoded if it does.
_MEMORY = 4096


def main() -> None:
    """Fuzz the parser that the command line names."""
    if len(sys.argv) < 3:
        sys.stdout.write("\n".join(TARGETS) + "\n")
        return
    target = TARGETS[sys.argv[1]]
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(target.seeds()):
            (Path(corpus) / str(number)).write_bytes(seed)
        limits = [f"-max_total_time={int(sys.argv[2])}", "-max_len=16384", "-print_final_stats=1"]
        limits += [f"-rss_limit_mb={_MEMORY}", "-timeout=60"]
        atheris.Setup([sys.argv[0], *limits, corpus], target.judge)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
