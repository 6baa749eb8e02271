"""``appliance simulate`` as a person calls it."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from appliance.audit.standalone import open_proof, parse_key
from appliance.cli.simulate.handle_type import DragType, DragValue, HandleType, HandleValue
from appliance.pipeline.simulation.lettering import strip
from appliance.pipeline.simulation.words import WORDS
from tests.cli.conftest import CANARY, Call, Outcome, pixels

People = Mapping[str, Path]


@pytest.fixture
def simulate(call: Call, people: People, folder: Path) -> Call:
    """Person a, as a PNG, by default."""

    def simulate(*more: str | Path, photo: Path | None = None) -> Outcome:
        files = ("--photo", photo or people["a"], "--output", folder / "out.png")
        return call("simulate", *files, *more)

    return simulate


def test_a_photo_is_moved_near_the_handle_alone(
    simulate: Call, people: People, folder: Path
) -> None:
    outcome = simulate("--handle", "chin-width=-4mm", "--json")
    assert (outcome.code, outcome.err) == (0, "")
    (photo,) = outcome.json["photos"]
    assert photo["handles"]["chin-width"]["value"] == -4
    assert photo["handles"]["chin-width"]["moved"] == pytest.approx(2, rel=0.1)
    assert photo["handles"]["chin-width"]["error"] > 0
    assert outcome.json["words"] == [*WORDS]
    before = pixels(people["a"])
    after = pixels(folder / "out.png")
    assert np.array_equal(after[len(before) :, :, 0], strip(*before.shape[1::-1]))
    changed = (after[: len(before)] != before).any(axis=2)
    rows = np.flatnonzero(changed.any(axis=1))
    assert changed.any()
    assert rows[0] > changed.shape[0] / 3  # nothing above the mouth


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--handle", "tip-projection=3"), 14, "needs points"),
        (("--handle", "alar-width=-12mm"), 14, "beyond its bounds"),
        (("--handle", "alar-width=-1..-12mm"), 14, "beyond its bounds"),
        (("--handle", "alar-width=3deg"), 2, "--handle"),
        (("--handle", "ears=3"), 2, "--handle"),
        (("--handle", "chin-height=nan"), 2, "--handle"),
        (("--handle", "chin-height=1", "--handle", "chin-height=2"), 2, "twice"),
        (("--handle", "chin-height=1", "--report", "report.txt"), 7, ".pdf"),
    ],
)
def test_what_cannot_be_shown_is_refused_and_nothing_written(
    simulate: Call, folder: Path, words: tuple[str, ...], code: int, says: str
) -> None:
    before = sorted(folder.iterdir())
    outcome = simulate(*words)
    assert outcome.code == code
    assert says in outcome.err
    assert CANARY not in outcome.err
    assert sorted(folder.iterdir()) == before


def test_a_series_is_moved_alike(call: Call, people: People, folder: Path) -> None:
    outputs = [folder / "a.png", folder / "c.png"]
    outcome = call(
        "simulate",
        *("--photo", people["a"], "--photo", people["c"]),
        *("--output", outputs[0], "--output", outputs[1]),
        *("--handle", "chin-width=-4", "--json"),
    )
    assert (outcome.code, outcome.err) == (0, "")
    moved = [photo["handles"]["chin-width"]["moved"] for photo in outcome.json["photos"]]
    assert moved == pytest.approx([2, 2], rel=0.1)
    assert all(output.is_file() for output in outputs)


def test_each_photo_needs_its_output(call: Call, people: People, folder: Path) -> None:
    photos = ("--photo", people["a"], "--photo", people["c"])
    outcome = call("simulate", *photos, "--output", folder / "a.png", "--handle", "cheek=1")
    assert outcome.code == 2
    assert "--output" in outcome.err


@pytest.mark.parametrize("suffix", [".pdf", ".html"])
def test_a_report_shows_least_and_wished(
    simulate: Call, people: People, folder: Path, suffix: str
) -> None:
    report = folder / f"report{suffix}"
    outcome = simulate("--handle", "chin-width=-1..-4mm", "--report", report, "--mirror")
    assert (outcome.code, outcome.err) == (0, "")
    data = report.read_bytes()
    assert len(data) > 20_000
    assert CANARY.encode() not in data
    if suffix == ".html":
        text = data.decode()
        assert "Least to be expected" in text
        assert WORDS[1] in text
        (proof,) = re.findall(r"<pre>(.*?)</pre>", text, re.DOTALL)
        (vkey,) = re.findall(r"<td>Log</td><td><span[^>]*>([^<]*)<", text)
        entry = json.loads(
            open_proof(html.unescape(proof).encode(), parse_key(html.unescape(vkey))).entry
        )
        assert entry["event"]["kind"] == "simulation-applied"
        assert entry["event"]["photo"] == sha256(people["a"].read_bytes()).hexdigest()


def test_a_policy_that_asks_for_consent_is_not_evaded(
    simulate: Call, folder: Path, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("gate: {consent: true, same_person: true}\n")
    outcome = simulate("--handle", "cheek=1", "--policy", policy)
    assert outcome.code == 8
    assert "consent" in outcome.err
    assert not (folder / "out.png").exists()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("tip-rotation=+6deg", HandleValue("tip-rotation", 6, 6)),
        ("tip-rotation=+3..+6", HandleValue("tip-rotation", 6, 3)),
        ("alar-width=-1.5..-2.25mm", HandleValue("alar-width", -2.25, -1.5)),
        ("symmetry=50%", HandleValue("symmetry", 50, 50)),
    ],
)
def test_values(text: str, value: HandleValue) -> None:
    assert HandleType().convert(text, None, None) == value


def test_with_points_set_by_hand_more_is_honest(
    call: Call, simulate: Call, people: People, folder: Path
) -> None:
    points = folder / "points.toml"
    assert call("simulate", "points", people["a"], "-o", points).code == 0
    alone = simulate("--handle", "tip-rotation=+4")
    assert (alone.code, "set by hand" in alone.err) == (14, True)
    outcome = simulate("--handle", "tip-rotation=+4", "--points", points, "--json")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.json["photos"][0]["handles"]["tip-rotation"]["moved"] > 0.5


def test_points_of_another_photo_are_refused(
    call: Call, simulate: Call, people: People, folder: Path
) -> None:
    points = folder / "points.toml"
    assert call("simulate", "points", people["d"], "-o", points).code == 0
    outcome = simulate("--handle", "tip-rotation=+4", "--points", points)
    assert outcome.code == 3
    assert "points of photo 1" in outcome.err.lower()
    assert not (folder / "out.png").exists()


def test_a_place_is_dragged(simulate: Call, people: People, folder: Path) -> None:
    before = pixels(people["a"])
    x, y = before.shape[1] // 2, before.shape[0] // 2
    outcome = simulate("--drag", f"{x},{y}=+3,0", "--json")
    assert (outcome.code, outcome.err) == (0, "")
    changed = (pixels(folder / "out.png")[: len(before)] != before).any(axis=2)
    assert changed[y - 3 : y + 3, x - 3 : x + 3].any()
    assert changed.mean() < 0.2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "--handle"),
        (("--range",), "--range"),
        (("--handle", "cheek=1", "--length", "nasion:menton=120"), "--points"),
        (("--handle", "cheek=1", "--length", "nasion:nasion=120"), "--length"),
        (("--handle", "cheek=1", "--length", "5,5:90,90=3"), "--length"),
        (("--mirror-region", "eye=1,1:9,9:1,9"), "--mirror-region"),
    ],
)
def test_what_does_not_go_together(simulate: Call, words: tuple[str, ...], says: str) -> None:
    outcome = simulate(*words)
    assert outcome.code == 2
    assert says in outcome.err


def test_a_result_is_mirrored_and_its_words_are_not(
    simulate: Call, people: People, folder: Path
) -> None:
    assert simulate("--handle", "chin-width=-4").code == 0
    plain = pixels(folder / "out.png")
    outcome = simulate("--handle", "chin-width=-4", "--mirror-result", "--overwrite", "--json")
    assert outcome.json["photos"][0]["mirrored"]
    mirrored = pixels(folder / "out.png")
    height = len(pixels(people["a"]))
    assert np.array_equal(mirrored[:height], plain[:height, ::-1])
    assert np.array_equal(mirrored[height:], plain[height:])


def test_a_drag_as_it_is_written() -> None:
    assert DragType().convert("10,20.5=+3,-1.25", None, None) == DragValue((10, 20.5), (3, -1.25))
