from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import Call

People = Mapping[str, Path]


def test_a_photo(call: Call, people: People) -> None:
    outcome = call("inspect", people["a"], "--json")
    assert (outcome.code, outcome.err) == (0, "")
    photo = outcome.json["photo"]
    with Image.open(people["a"]) as image:
        assert (photo["width"], photo["height"]) == image.size
    assert (photo["format"], photo["bit_depth"], photo["transparency"]) == ("jpeg", 8, False)
    assert "video" not in outcome.json
    (face,) = outcome.json["faces"]
    assert face["as_source"] == {"verdict": "good", "advice": []}
    assert face["detection"] > 0.8
    assert face["mouth"] < 0.05
    assert -20 < face["pose"]["yaw"] < 0


def test_pixels_that_are_not_square_are_shown_as_people_see_them(
    call: Call, people: People, tmp_path: Path
) -> None:
    squeezed = tmp_path / "fax.png"
    with Image.open(people["a"]) as image:
        width, height = image.size
        image.resize((width, height // 2)).save(squeezed, dpi=(144, 72))
    plain, found = (call("inspect", path, "--json").json for path in (people["a"], squeezed))
    photo = found["photo"]
    assert (photo["width"], photo["height"]) == (width, height // 2)
    assert (photo["display_width"], photo["display_height"]) == (width, 2 * (height // 2))
    sizes = [one["faces"][0]["box"]["height"] for one in (plain, found)]
    assert sizes[1] == pytest.approx(sizes[0], rel=0.03)
    lines = [line.split() for line in call("inspect", squeezed).out.splitlines()]
    shown = ["size", f"{width}", "x", f"{height // 2},", "shown", "as"]
    assert any(line[:6] == shown for line in lines)


def test_text_output_describes_faces_with_advice(
    call: Call, people: People, portraits: People
) -> None:
    lines = call("inspect", people["a"]).out.splitlines()
    assert lines[0].split() == ["photo", "JPEG"]
    assert any(line.split() == ["faces", "1"] for line in lines)
    assert any(line.split() == ["as", "a", "source", "good"] for line in lines)
    advised = call("inspect", portraits["person_e_1"]).out
    assert "usable" in advised
    assert "come closer" in advised
    assert "the mouth is open" in advised


def test_two_faces_largest_first(call: Call, pair: Path) -> None:
    first, second = call("inspect", pair, "--json").json["faces"]
    assert first["box"]["width"] > second["box"]["width"]


def test_a_photo_without_faces_is_described(call: Call, faceless: Path) -> None:
    outcome = call("inspect", faceless)
    assert outcome.code == 0
    assert outcome.out.splitlines()[-1].split() == ["faces", "none"]
    assert call("inspect", faceless, "--json").json["faces"] == []


def test_a_video(call: Call, clip: Path) -> None:
    outcome = call("inspect", clip, "--json")
    assert (outcome.code, outcome.err) == (0, "")
    video = outcome.json["video"]
    assert (video["container"], video["codec"]) == ("mp4", "h264")
    assert (video["width"], video["height"], video["frames"]) == (640, 360, 72)
    assert video["frame_rate"] == pytest.approx(30)
    assert video["duration"] == pytest.approx(2.42, abs=0.01)
    assert len(video["audio"]) == 1
    assert len(outcome.json["faces"]) == 1
    lines = [line.split() for line in call("inspect", clip).out.splitlines()]
    assert ["size", "640", "x", "360"] in lines
    assert ["rate", "30.000", "frames/s,", "constant"] in lines
    assert ["length", "2.42", "s,", "72", "frames"] in lines
