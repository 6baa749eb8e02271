from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cli.conftest import CANARY, Call

People = Mapping[str, Path]


def test_photos_are_described_in_the_order_in_which_they_are_given(
    call: Call, people: People
) -> None:
    outcome = call("series", "check", people["d"], people["a"], "--json")
    assert (outcome.code, outcome.err) == (0, "")
    assert [photo["view"] for photo in outcome.json["photos"]] == ["smile", "front"]
    assert outcome.json["missing"] == [
        "oblique-right",
        "oblique-left",
        "profile-right",
        "profile-left",
        "base",
    ]
    assert (outcome.json["double"], outcome.json["unrecognised"]) == ([], 0)
    for photo in outcome.json["photos"]:
        verdicts = [point["verdict"] for point in photo["points"]]
        assert len(verdicts) == 9
        assert photo["score"] == verdicts.count("met")
        assert photo["judged"] == 9 - verdicts.count("person")


def test_a_folder_is_taken_by_name(call: Call, people: People) -> None:
    folder = people["a"].parent
    (folder / ".hidden").write_text("not a photo")
    by_name = call("series", "check", *sorted(people.values()), "--json")
    assert call("series", "check", folder, "--json").json == by_name.json


def test_text_has_a_sentence_for_each_photo_and_what_the_series_lacks(
    call: Call, people: People, faceless: Path
) -> None:
    outcome = call("series", "check", people["a"], faceless)
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    assert [line for line in lines if line.startswith("photo ")] == [
        "photo 1: front",
        "photo 2: unknown",
    ]
    changes = [line for line in lines if line.split()[:1] == ["change"]]
    assert "Turn the head" in changes[0]
    assert changes[1].endswith("No face found; set points by hand.")
    assert any(line.split()[:5] == ["score", "4", "of", "6", "points,"] for line in lines)
    assert sum(line.split()[:1] == ["timing"] for line in lines) == 2
    assert lines[-4] == "series"
    assert lines[-2].endswith("smile (1 photo of unknown view may be among them)")
    assert outcome.err.splitlines()[-1].startswith("2 of 2 photos, ")


def test_a_double_view_is_named(call: Call, people: People) -> None:
    found = call("series", "check", people["a"], people["a"])
    assert found.out.splitlines()[-1].split() == ["double", "front"]


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "empty"), (b"no picture at all", "Photo 2"), (b"\xff\xd8" * 40, "Photo 2")],
)
def test_a_file_that_is_no_photo_is_refused_by_its_number(
    call: Call, people: People, folder: Path, content: bytes, words: str
) -> None:
    spoiled = folder / "photo.jpg"
    spoiled.write_bytes(content)
    outcome = call("series", "check", people["a"], spoiled)
    assert outcome.code == 3
    assert words in outcome.err
    assert "photo 1:" not in outcome.out


def test_a_video_is_refused(call: Call, people: People, clip: Path) -> None:
    outcome = call("series", "check", people["a"], clip)
    assert outcome.code == 3
    assert "Photo 2: This is a video" in outcome.err


def test_what_is_missing_empty_or_too_much_is_refused(
    call: Call, people: People, folder: Path
) -> None:
    assert call("series", "check").code == 2
    assert "holds no file" in call("series", "check", folder).err
    missing = call("series", "check", people["a"], folder / "missing.jpg")
    assert missing.code == 3
    assert "Photo 2 does not exist" in missing.err
    for number in range(101):
        os.link(people["a"], folder / f"{number}.jpg")
    outcome = call("series", "check", folder)
    assert outcome.code == 3
    assert "more than 100" in outcome.err


def test_names_of_files_are_never_printed(call: Call, people: People, folder: Path) -> None:
    shutil.copy(people["a"], folder / f"{CANARY}.jpg")
    outcome = call("series", "check", folder)  # `call` looks for the name
    assert outcome.code == 0
    assert str(folder) not in outcome.out + outcome.err
