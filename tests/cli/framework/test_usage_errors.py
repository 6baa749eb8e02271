from __future__ import annotations

import pytest

from tests.cli.conftest import CANARY, Call

SWAP = ("swap", "--source", "s", "--target", "t", "--output", "o")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((CANARY,), "no such command"),
        ((f"--{CANARY}",), "no such option"),
        (("swap",), "--source is missing"),
        (("inspect",), "argument FILE is missing"),
        (("compare", CANARY), "argument B is missing"),
        (("inspect", CANARY, CANARY), "more arguments"),
        (("models", CANARY), "no such command"),
        (("swap", f"--{CANARY}"), "no such option"),
        (("swap", "--sorce", CANARY), "similar: --source"),
        (("swap", "--source"), "--source lacks its value"),
        (("swap", f"--overwrite={CANARY}"), "--overwrite lacks its value, or takes none"),
        ((*SWAP, "--strength", "2"), "--strength takes a number from 0 to 1"),
        ((*SWAP, "--strength", CANARY), "--strength takes a number from 0 to 1"),
        ((*SWAP, "--strength", "nan"), "--strength takes a number from 0 to 1"),
        ((*SWAP, "--region", CANARY), "--region takes NAME=STRENGTH"),
        ((*SWAP, "--region", f"{CANARY}=1"), "one of nose, jaw"),
        ((*SWAP, "--region", "nose=2"), "STRENGTH is a number from 0 to 1"),
        ((*SWAP, "--region", "nose=nan"), "STRENGTH is a number from 0 to 1"),
        ((*SWAP, "--region", f"nose={CANARY}"), "STRENGTH is a number from 0 to 1"),
        ((*SWAP, "--faces", CANARY), "--faces takes largest, all"),
        ((*SWAP, "--faces", "like:"), "--faces takes largest, all"),
        ((*SWAP, "--faces", "like"), "--faces takes largest, all"),
        ((*SWAP, "--upscale", "3"), "--upscale takes one of 2, 4"),
        ((*SWAP, "--provider", CANARY), "--provider takes one of tensorrt, cuda"),
    ],
)
def test_a_wrong_command_line_is_explained_without_repeating_it(
    words: tuple[str, ...], expected: str, call: Call
) -> None:
    outcome = call(*words)
    assert outcome.code == 2
    assert outcome.out == ""
    assert expected in outcome.err
    assert "--help` lists" in outcome.err
