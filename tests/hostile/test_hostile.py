from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tests.fuzz.media import TARGETS as FUZZED
from tests.hostile.__main__ import FILES
from tests.hostile.reader import Outcome
from tests.paths import REPOSITORY

MOST = 300_000  # bytes that the corpus may have


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    """What one sealed process made of all files, in order."""
    listed = subprocess.run(
        [sys.executable, "-m", "tests.hostile.reader", *map(str, corpus())],
        cwd=REPOSITORY,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},  # no thread may exist before the seal
        capture_output=True,
        text=True,
        check=False,
        timeout=600,  # some may lead a parser in a circle
    )
    assert listed.returncode == 0, listed.stderr
    assert listed.stderr == ""
    return [msgspec.json.decode(line, type=Outcome) for line in listed.stdout.splitlines()]


def corpus() -> list[Path]:
    """The hostile files."""
    return sorted(path for path in FILES.iterdir() if path.name != "README.md")


def test_each_is_read_or_refused_with_what_to_do(outcomes: list[Outcome]) -> None:
    assert [outcome.name for outcome in outcomes] == [path.name for path in corpus()]
    for outcome in outcomes:
        assert outcome.code in (0, 3), outcome
        if outcome.code:
            assert outcome.message.startswith("The file: "), outcome
            assert outcome.hint, outcome


def test_most_are_refused(outcomes: list[Outcome]) -> None:
    refused = [outcome.name for outcome in outcomes if outcome.code]
    assert len(refused) > len(outcomes) // 2


@pytest.mark.parametrize("name", ["tiff-samples.tif", "mp4-long-box.mp4"])
def test_a_command_says_so_in_two_lines(name: str, tmp_path: Path) -> None:
    hostile, output = str(FILES / name), tmp_path / "out.png"
    for words in (
        ("inspect", hostile),
        ("swap", "--source", hostile, "--target", hostile, "--output", str(output)),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "appliance.cli.main", *words],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 3, done.stderr
        assert [line.partition(":")[0] for line in done.stderr.splitlines()] == ["error", "hint"]
        assert not output.exists()


def test_the_parsers_that_are_fuzzed_take_them_too() -> None:
    for path in corpus():
        for name in ("container", "tiff"):
            FUZZED[name].judge(path.read_bytes())


def test_the_corpus_is_small() -> None:
    assert sum(path.stat().st_size for path in corpus()) < MOST
