"""``appliance simulate points``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from PIL import Image

from appliance.cli.framework.exit_boundary import run_command
from appliance.cli.framework.run_context import RunContext
from appliance.cli.simulate.points import points
from appliance.pipeline.simulation.points import NAMED, read_points
from tests.cli.conftest import CANARY, Call, Outcome, PromisedSealing

People = Mapping[str, Path]


@pytest.fixture
def call(capfd: pytest.CaptureFixture[str]) -> Call:
    """Runs the command; fails if it breaks the seal or prints a name."""

    def call(*words: str | Path) -> Outcome:
        sealing = PromisedSealing()
        code = run_command(points, [str(word) for word in words], RunContext(sealing=sealing))
        sealing.check()
        outcome = Outcome(code, *capfd.readouterr())
        assert CANARY not in (outcome.out + outcome.err).lower()
        return outcome

    return call


def size_of(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.width, image.height


def test_points_are_printed_or_written(call: Call, people: People, folder: Path) -> None:
    output = folder / "points.toml"
    printed, written = call(people["a"]), call(people["a"], "-o", output)
    assert (printed.code, written.code) == (0, 0)
    assert written.out == ""
    assert output.read_text() == printed.out
    found = read_points(output.read_bytes(), size_of(people["a"]))
    assert found.places.keys() == NAMED.keys()
    assert CANARY not in printed.out


def test_nothing_is_overwritten_unasked(call: Call, people: People, folder: Path) -> None:
    output = folder / "points.toml"
    output.write_text("mine")
    assert call(people["a"], "-o", output).code == 7
    assert output.read_text() == "mine"
    assert call(people["a"], "-o", output, "--overwrite").code == 0


def test_a_photo_without_a_face(call: Call, faceless: Path) -> None:
    refused = call(faceless)
    assert refused.code == 4
    assert "--yaw" in refused.err
    profile = call(faceless, "--yaw", "90")
    assert profile.code == 0
    found = read_points(profile.out.encode(), size_of(faceless))
    assert not found.missing("face", 90)
    assert not any(name.endswith("-left") for name in found.places)
    # The face looks to the right of the picture.
    assert found.places["pronasale"][0] > found.places["gonion-right"][0]
