"""Commands that get too little memory, as in a small container, say so and leave nothing."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

MIB = 1 << 20


@pytest.mark.parametrize("mebibytes", [60, 100, 250, 420, 600, 1000])
def test_too_little_memory_is_said_and_leaves_nothing(
    mebibytes: int, people: Mapping[str, Path], folder: Path
) -> None:
    files = {"--source": people["a"], "--target": people["c"], "--output": folder / "out.png"}
    words = [str(word) for pair in files.items() for word in pair]
    limit = mebibytes * MIB
    done = subprocess.run(
        [sys.executable, "-m", "appliance.cli.main", "swap", *words],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert done.stderr.splitlines()[0] == "error: There is not enough memory."
    assert done.stderr.splitlines()[1].startswith("hint: ")
    assert len(done.stderr.splitlines()) == 2
    assert list(folder.iterdir()) == []
