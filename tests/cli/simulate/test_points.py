"""``appliance simulate points``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PIL import Image

from appliance.pipeline.simulation.points import NAMED, read_points
from tests.cli.conftest import CANARY, Call

People = Mapping[str, Path]


def size_of(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.width, image.height


def test_points_are_printed_or_written(call: Call, people: People, folder: Path) -> None:
    output = folder / "points.toml"
    printed, written = (
        call("simulate", "points", people["a"]),
        call("simulate", "points", people["a"], "-o", output),
    )
    assert (printed.code, written.code) == (0, 0)
    assert written.out == ""
    assert output.read_text() == printed.out
    found = read_points(output.read_bytes(), size_of(people["a"]))
    assert found.places.keys() == NAMED.keys()
    assert CANARY not in printed.out


def test_nothing_is_overwritten_unasked(call: Call, people: People, folder: Path) -> None:
    output = folder / "points.toml"
    output.write_text("mine")
    assert call("simulate", "points", people["a"], "-o", output).code == 7
    assert output.read_text() == "mine"
    assert call("simulate", "points", people["a"], "-o", output, "--overwrite").code == 0


def test_a_photo_without_a_face(call: Call, faceless: Path) -> None:
    refused = call("simulate", "points", faceless)
    assert refused.code == 4
    assert "--yaw" in refused.err
    profile = call("simulate", "points", faceless, "--yaw", "90")
    assert profile.code == 0
    found = read_points(profile.out.encode(), size_of(faceless))
    assert not found.missing("face", 90)
    assert not any(name.startswith("left-") for name in found.places)
    # The face looks to the right of the picture.
    assert found.places["pronasale"][0] > found.places["right-gonion"][0]


def test_points_do_not_say_which_of_several_faces_is_meant(
    call: Call, pair: Path, folder: Path
) -> None:
    points = folder / "points.toml"
    assert call("simulate", "points", pair, "--face", "left", "-o", points).code == 0
    asked = ("simulate", "--photo", pair, "--points", points, "--range")
    refused = call(*asked)
    assert refused.code == 4
    assert "--face" in refused.err
    assert call(*asked, "--face", "left").code == 0
