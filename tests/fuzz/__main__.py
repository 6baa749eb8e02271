"""Fuzzes one parser: ``python -m tests.fuzz policy|manifest SECONDS``.

It starts from a valid file, and fails when a parser raises anything but the error it documents.
atheris (libFuzzer) instruments what is imported inside ``instrument_imports``, so that it notices
which inputs reach new branches.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["yaml", "tomllib", "appliance"]):
    from tests.inference import test_manifest_fuzz
    from tests.policy import test_fuzz

_TARGETS = {
    "policy": (test_fuzz.judge, test_fuzz.CLINIC),
    "manifest": (test_manifest_fuzz.judge, test_manifest_fuzz.STARTER),
}


def main() -> None:
    """Fuzz the parser that the command line names."""
    judge, sound = _TARGETS[sys.argv[1]]
    with tempfile.TemporaryDirectory() as corpus:
        (Path(corpus) / "sound").write_bytes(sound)
        limits = [f"-max_total_time={int(sys.argv[2])}", "-max_len=8192", "-print_final_stats=1"]
        atheris.Setup([sys.argv[0], *limits, corpus], judge)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
