"""``--range``, ``--length``, ``--lines`` and ``--mirror-region``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click
import numpy as np
import pytest

from appliance.cli.simulate.place_types import LengthType, LengthValue, RegionType
from appliance.pipeline.simulation.drawn_region import DrawnRegion
from appliance.pipeline.simulation.handles import HANDLES
from appliance.pipeline.simulation.points import read_points
from tests.cli.conftest import Call, pixels
from tests.cli.simulate.test_points import size_of

People = Mapping[str, Path]


@pytest.fixture
def points(call: Call, people: People, folder: Path) -> Path:
    """Those of person d, from the front."""
    path = folder / "points.toml"
    assert call("simulate", "points", people["d"], "-o", path).code == 0
    return path


def test_the_range_lists_every_handle_or_says_why_not(
    call: Call, people: People, points: Path, folder: Path
) -> None:
    before = sorted(folder.iterdir())
    alone, by_hand = (
        call("simulate", "--photo", people["d"], "--range", "--json", *more).json["photos"][0]
        for more in ((), ("--points", points))
    )
    for found in (alone, by_hand):
        assert found["handles"].keys() | found["left_out"].keys() == HANDLES.keys()
        assert not found["handles"].keys() & found["left_out"].keys()
    assert alone["handles"]["alar-width"] == {"low": -5, "high": 4, "unit": "mm"}
    assert "set by hand" in alone["left_out"]["tip-rotation"]
    assert "tip-rotation" in by_hand["handles"]
    assert "mouth is open" in by_hand["left_out"]["lip-volume"]
    printed = call("simulate", "--photo", people["d"], "--range").out
    assert "-5 to +4 mm" in printed
    assert sorted(folder.iterdir()) == before


def test_a_length_between_points_sets_the_scale(call: Call, people: People, points: Path) -> None:
    found = read_points(points.read_bytes(), size_of(people["d"]))
    ends = [found.places[f"{side}-exocanthion"] for side in ("right", "left")]
    words = ("simulate", "--photo", people["d"], "--points", points, "--range", "--json")
    named = call(*words, "--length", "right-exocanthion:left-exocanthion=90")
    (x, y), (a, b) = ends
    placed = call(*words, "--length", f"{x},{y}:{a},{b}=90")
    by_name, by_place = (outcome.json["photos"][0] for outcome in (named, placed))
    assert (by_name["scale_by"], by_place["scale_by"]) == ("length", "length")
    expected = 90 / np.hypot(x - a, y - b)
    assert by_place["mm_per_pixel"] == pytest.approx(expected, abs=1e-4)
    assert by_name["mm_per_pixel"] == pytest.approx(expected, rel=0.03)
    assert by_name["scale_error"] < by_place["scale_error"] < 0.04
    refused = call(*words, "--length", "right-exocanthion:left-exocanthion=20")
    assert refused.code == 3
    assert "larger than faces are" in refused.err


def test_lines_are_drawn_on_the_photo_and_follow_points(
    call: Call, people: People, points: Path, folder: Path
) -> None:
    photo = pixels(people["d"])
    words = ("simulate", "--photo", people["d"], "--points", points, "--lines")
    outcome = call(*words, folder / "lines.png", "--json")
    assert outcome.code == 0
    assert outcome.json["words"] == []
    measures = outcome.json["photos"][0]["measures"]
    assert measures["alar width"]["by_hand"]
    assert "after" not in measures["alar width"] or measures["alar width"]["after"] is None
    drawn = pixels(folder / "lines.png")
    assert drawn.shape == photo.shape
    x, y = read_points(points.read_bytes(), size_of(people["d"])).places["left-alare"]
    points.write_text(points.read_text().replace(f"left-alare = [{x}", f"left-alare = [{x + 12}"))
    again = call(*words, folder / "moved.png", "--json").json["photos"][0]["measures"]
    wider = again["alar width"]["before"] - measures["alar width"]["before"]
    assert wider == pytest.approx(12 * outcome.json["photos"][0]["mm_per_pixel"], rel=0.1)
    at = (slice(round(y) - 2, round(y) + 3), slice(round(x) + 10, round(x) + 15))
    assert (pixels(folder / "moved.png")[at] != drawn[at]).any()


def test_with_a_simulation_its_lines_have_a_picture_of_their_own(
    call: Call, people: People, folder: Path
) -> None:
    words = ("simulate", "--photo", people["d"], "--handle", "alar-width=-3", "--output")
    plain = call(*words, folder / "plain.png")
    outcome = call(*words, folder / "out.png", "--lines", folder / "lines.png", "--json")
    assert (plain.code, outcome.code) == (0, 0)
    result = pixels(folder / "out.png")
    assert np.array_equal(result, pixels(folder / "plain.png"))
    lines = pixels(folder / "lines.png")
    assert lines.shape == result.shape
    assert 0.002 < (lines != result).any(axis=2).mean() < 0.2
    width = outcome.json["photos"][0]["measures"]["alar width"]
    assert width["after"] - width["before"] == pytest.approx(-3, abs=0.2)


def test_a_region_is_changed_and_nothing_else(
    call: Call, people: People, points: Path, folder: Path
) -> None:
    size = size_of(people["d"])
    x, y = read_points(points.read_bytes(), size).places["right-cheilion"]
    corners = [(x - 22, y - 60), (x - 14, y - 60), (x - 14, y - 30), (x - 22, y - 30)]
    text = ":".join(f"{a:.0f},{b:.0f}" for a, b in corners)
    words = ("simulate", "--photo", people["d"], "--output", folder / "out.png")
    outcome = call(*words, "--mirror-region", f"line={text}", "--json")
    assert (outcome.code, outcome.err) == (0, "")
    (region,) = outcome.json["photos"][0]["regions"]
    assert region["mode"] == "line"
    mm = outcome.json["photos"][0]["mm_per_pixel"]
    assert region["area"] == pytest.approx(240 * mm**2, rel=0.1)
    before = pixels(people["d"])
    changed = (pixels(folder / "out.png")[: len(before)] != before).any(axis=2)
    rows, columns = np.nonzero(changed)
    assert len(rows) > 50
    assert (rows.min() >= y - 62, rows.max() <= y - 28) == (True, True)
    assert (columns.min() >= x - 24, columns.max() <= x - 12) == (True, True)
    file = folder / "regions.toml"
    listed = [[round(a), round(b)] for a, b in corners]
    file.write_text(
        f"version = 1\n[picture]\nwidth = {size[0]}\nheight = {size[1]}\n"
        f'[[region]]\nmode = "line"\ncorners = {listed}\n'
    )
    again = call(*words, "--mirror-region", file, "--overwrite")
    assert again.code == 0
    after = pixels(folder / "out.png")[: len(before)]
    assert np.array_equal((after != before).any(axis=2), changed)


def test_a_region_that_would_look_wrong_is_refused(
    call: Call, people: People, folder: Path
) -> None:
    words = ("simulate", "--photo", people["d"], "--output", folder / "out.png")
    outcome = call(*words, "--mirror-region", "region=5,5:40,5:40,40")
    assert outcome.code == 14
    assert "not all on the face" in outcome.err
    assert list(folder.iterdir()) == []


def test_values() -> None:
    length = LengthType()
    assert length.convert("812,640:934,642=32.5", None, None) == LengthValue(
        32.5, places=((812, 640), (934, 642))
    )
    assert length.convert("nasion:menton=120", None, None) == LengthValue(
        120, names=("nasion", "menton")
    )
    region = RegionType()
    assert region.convert("mean=1,2:3,4.5:5,6", None, None) == DrawnRegion(
        "mean", ((1, 2), (3, 4.5), (5, 6))
    )
    half = region.convert("shape@50=1,2:3,4:5,6", None, None)
    assert half == DrawnRegion("shape", ((1, 2), (3, 4), (5, 6)), 50)
    for text in ("line@50=1,2:3,4:5,6", "mean@0=1,2:3,4:5,6", "mean@101=1,2:3,4:5,6", "mean=1,2"):
        with pytest.raises(click.BadParameter):
            region.convert(text, None, None)
    assert region.convert("a/regions.toml", None, None) == Path("a/regions.toml")
