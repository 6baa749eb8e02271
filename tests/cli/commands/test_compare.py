from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import CANARY, Call, pixels

People = Mapping[str, Path]


def test_one_person_twice(call: Call, portraits: People, folder: Path) -> None:
    files = portraits["person_a_1"], portraits["person_a_2"]
    outcome = call("compare", *files, "-o", folder / f"{CANARY}.png")
    assert (outcome.code, outcome.err) == (0, "")
    assert "the same person" in outcome.out
    page = pixels(folder / f"{CANARY}.png")
    assert page.shape[1] > page.shape[0] > 600
    # Both faces are there: paper is nearly white, the tiles are not.
    assert page[100:600, 60:500].mean() < 230
    assert page[100:600, 560:1000].mean() < 230


def test_two_people(call: Call, people: People) -> None:
    outcome = call("compare", people["a"], people["c"], "--json")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.json["same_person"] is False
    assert outcome.json["similarity"] < outcome.json["threshold"] == 0.363


def test_a_photo_is_fully_similar_to_itself(call: Call, people: People) -> None:
    outcome = call("compare", people["a"], people["a"], "--json")
    assert outcome.json["similarity"] == pytest.approx(1, abs=0.001)


def test_the_sheet_shows_the_figure(call: Call, people: People, folder: Path) -> None:
    for name, other in (("same.png", "a"), ("other.png", "c")):
        assert call("compare", people["a"], people[other], "-o", folder / name).code == 0
    one, two = pixels(folder / "same.png"), pixels(folder / "other.png")
    below = slice(650, None)
    assert np.any(one[below] != two[below])
    assert np.array_equal(one[:640, :500], two[:640, :500])


def test_a_photo_without_a_face_is_an_error(
    call: Call, people: People, faceless: Path, folder: Path
) -> None:
    outcome = call("compare", people["a"], faceless, "-o", folder / "sheet.png")
    assert outcome.code == 4
    assert "photo B" in outcome.err
    assert not list(folder.iterdir())


def test_the_picture_is_a_png_and_replaces_nothing_unasked(
    call: Call, people: People, folder: Path
) -> None:
    (folder / "there.png").write_bytes(b"precious")
    for name in ("sheet.jpg", "there.png"):
        assert call("compare", people["a"], people["c"], "-o", folder / name).code == 7
    both = ("compare", people["a"], people["a"])
    assert call(*both, "--overwrite", "-o", folder / "there.png").code == 0
    assert [path.name for path in folder.iterdir()] == ["there.png"]


def test_a_photo_of_two_people_asks_which_one(call: Call, people: People, pair: Path) -> None:
    refused = call("compare", people["c"], pair)
    assert refused.code == 4
    assert "Photo B shows 2 faces" in refused.err
    assert "--face-b" in refused.err
    found = [
        call("compare", people["c"], pair, "--face-b", which, "--json").json["similarity"]
        for which in ("left", "right")
    ]
    assert found[0] > 0.9
    assert found[1] < 0.363
