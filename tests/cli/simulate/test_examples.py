"""The examples of docs/simulation.md and of ``--help`` can be typed as they stand there."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from appliance.cli.simulate.command import EXAMPLES
from tests.cli.conftest import Call
from tests.paths import REPOSITORY

PAGE = (REPOSITORY / "docs" / "simulation.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
TYPED = [
    line
    for language, block in BLOCKS
    if not language
    for line in block.replace("\\\n", " ").splitlines()
    if line.startswith("appliance simulate")
]
(REGIONS,) = [block for language, block in BLOCKS if language == "toml"]


@pytest.mark.parametrize("line", dict.fromkeys((*TYPED, *EXAMPLES)))
def test_an_example_works(
    call: Call,
    people: Mapping[str, Path],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    line: str,
) -> None:
    monkeypatch.chdir(folder)
    # From the front, and turned a little.
    shutil.copy(people["d"], "front.jpg")
    for name in ("left.jpg", "photo.jpg", "before.jpg", "later.jpg"):
        shutil.copy(people["a"], name)
    Path("regions.toml").write_text(REGIONS)
    program, *words = shlex.split(line, comments=True)
    assert program == "appliance"
    if "--points" in words:
        assert call("simulate", "points", "left.jpg", "-o", "points.toml").code == 0
    before = {*folder.iterdir()}
    outcome = call(*words)
    assert (outcome.code, outcome.err) == (0, "")
    if "--range" in words:
        assert {*folder.iterdir()} == before
    else:
        assert {*folder.iterdir()} > before


def test_there_are_examples_of_every_option() -> None:
    shown = {word for line in TYPED for word in line.split() if word.startswith("--")}
    assert shown >= {
        "--photo", "--handle", "--output", "--report", "--points", "--range", "--length", "--lines",
        "--mirror-region",
    }  # fmt: skip
