from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from appliance.cli.swap.arguments import region_strengths
from appliance.cli.swap.summary import Summary, summary_pairs
from tests.cli.conftest import CANARY, Call, Outcome, pixels
from tests.paths import REPOSITORY

People = Mapping[str, Path]


def changed(before: Path, after: Path) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """Which pixels differ."""
    return np.asarray((pixels(before) != pixels(after)).any(axis=2))


def changed_sides(before: Path, after: Path) -> tuple[bool, bool]:
    """Whether anything changed left and right of the middle, where no face is."""
    shares = changed(before, after)
    middle = shares.shape[1] // 2
    return bool(shares[:, : middle - 60].any()), bool(shares[:, middle + 60 :].any())


def test_a_summary_says_what_was_found_and_left() -> None:
    summary = Summary("photo", "", 1, 1, 1, 1.0, "cpu", {}, 40, faces_found=3, faces_unclear=2)
    lines = dict(summary_pairs(summary))
    assert lines["faces"] == "1 swapped, of 3 found"
    assert lines["left"].startswith("2 ")


def test_a_summary_says_which_faces_were_turned_too_far() -> None:
    summary = Summary("photo", "", 1, 1, 1, 1.0, "cpu", {}, 40, frames_turned=1, faces_turned=2)
    assert dict(summary_pairs(summary))["left"] == "2 turned too far from the camera"
    film = Summary("video", "", 9, 7, 7, 1.0, "cpu", {}, 40, frames_turned=2, faces_turned=3)
    assert dict(summary_pairs(film))["left"] == "3 turned too far from the camera in 2 frames"


@pytest.fixture
def swap(call: Call, people: People, folder: Path) -> Call:
    """Person a on person c, as a PNG, by default."""

    def swap(*more: str | Path, target: Path | None = None, output: Path | None = None) -> Outcome:
        target, output = target or people["c"], output or folder / "out.png"
        words = ("--source", people["a"], "--target", target, "--output", output)
        return call("swap", *words, *more)

    return swap


def test_a_photo_is_swapped_and_summarised(swap: Call, people: People, folder: Path) -> None:
    outcome = swap("--provider", "cpu")
    assert (outcome.code, outcome.err) == (0, "")
    shares = changed(people["c"], folder / "out.png")
    assert 0.02 < shares.mean() < 0.5
    lines = dict(line.split("  ", 1) for line in outcome.out.splitlines())
    assert lines["engine"].strip() == "geometric simulation"
    assert lines["faces"].strip() == "1 swapped"
    assert lines["looked for"].strip() == "faces of 40 pixels or more"
    assert lines["provider"].strip() == "cpu"
    assert "before" in lines["similarity"]
    assert sorted(path.name for path in folder.iterdir()) == ["out.png"]


def test_json_output_is_the_summary_alone(swap: Call) -> None:
    outcome = swap("--json")
    assert outcome.err == ""
    assert len(outcome.out.splitlines()) == 1
    found = outcome.json
    assert found["kind"] == "photo"
    assert found["engine"] == "geometric simulation"
    assert (found["frames"], found["frames_swapped"], found["faces_swapped"]) == (1, 1, 1)
    assert (found["smallest_face"], found["faces_found"]) == (40, 1)
    assert found["provider"] == "cpu"
    before, after = found["similarity"]["before"], found["similarity"]["after"]
    assert before < found["similarity"]["threshold"] < after
    assert "tracks" not in found


def test_strength_0_changes_nothing(swap: Call, people: People, folder: Path) -> None:
    outcome = swap("--strength", "0", "--json")
    assert outcome.code == 0
    assert outcome.json["faces_swapped"] == 0
    assert not changed(people["c"], folder / "out.png").any()


def test_half_strength_changes_similarity_partway(swap: Call, folder: Path) -> None:
    half = swap("--strength", "0.5", "--json", output=folder / "half.png").json["similarity"]
    whole = swap("--json", output=folder / "whole.png").json["similarity"]
    assert half["before"] < half["after"] < whole["after"]


def test_a_region_changes_that_region_only(swap: Call, people: People, folder: Path) -> None:
    assert swap("--region", "nose=0.8", output=folder / "nose.png").code == 0
    assert swap(output=folder / "face.png").code == 0
    nose = changed(people["c"], folder / "nose.png")
    face = changed(people["c"], folder / "face.png")
    assert nose.any()
    assert nose.sum() < 0.6 * face.sum()


def test_strengths_of_named_regions_and_of_the_rest() -> None:
    assert region_strengths([], None) == {"face": 1.0}
    assert region_strengths([], 0.4) == {"face": 0.4}
    assert region_strengths([("nose", 0.6)], None) == {"nose": 0.6}
    assert region_strengths([("nose", 0.6), ("jaw", 0.3)], 0.1) == {
        "nose": 0.6,
        "jaw": 0.3,
        "face": 0.1,
    }
    assert region_strengths([("face", 0.7)], 0.1) == {"face": 0.7}


@pytest.mark.parametrize(
    ("which", "sides"),
    [("left", (True, False)), ("right", (False, True)), ("all", (True, True))],
)
def test_the_chosen_face_is_swapped(
    which: str, sides: tuple[bool, bool], swap: Call, pair: Path, folder: Path
) -> None:
    assert swap("--faces", which, target=pair).code == 0
    assert changed_sides(pair, folder / "out.png") == sides


def test_a_face_is_chosen_by_a_photo_of_the_person(
    swap: Call, pair: Path, folder: Path, people: People
) -> None:
    assert swap("--faces", f"like:{people['d']}", target=pair).code == 0
    assert changed_sides(pair, folder / "out.png") == (False, True)


def test_a_reference_photo_of_an_absent_person_is_an_error(
    swap: Call, pair: Path, folder: Path, people: People
) -> None:
    outcome = swap("--faces", f"like:{people['a']}", target=pair)
    assert outcome.code == 4
    assert "like the reference" in outcome.err
    assert not list(folder.iterdir())


def test_no_face_is_an_error_that_says_where(
    swap: Call, call: Call, faceless: Path, people: People, folder: Path
) -> None:
    target = swap(target=faceless)
    assert (target.code, "target" in target.err) == (4, True)
    reference = swap("--faces", f"like:{faceless}")
    assert (reference.code, "reference photo" in reference.err) == (4, True)
    words = ("--source", people["a"], "--source", faceless, "--target", people["c"])
    source = call("swap", *words, "--output", folder / "out.png")
    assert (source.code, "source photo 2" in source.err) == (4, True)
    assert not list(folder.iterdir())


@pytest.mark.parametrize(
    ("suffix", "kind"),
    [
        (".jpg", "JPEG"),
        (".JPEG", "JPEG"),
        (".png", "PNG"),
        (".webp", "WEBP"),
        (".tiff", "TIFF"),
        (".bmp", "BMP"),
        ("", "JPEG"),
    ],
)
def test_the_suffix_decides_the_format(suffix: str, kind: str, swap: Call, folder: Path) -> None:
    output = folder / f"{CANARY}{suffix}"
    assert swap(output=output).code == 0
    with Image.open(output) as image:
        assert image.format == kind


@pytest.mark.parametrize("suffix", [".mp4", ".heic", ".txt"])
def test_a_suffix_of_no_photo_format_is_refused(suffix: str, swap: Call, folder: Path) -> None:
    outcome = swap(output=folder / f"{CANARY}{suffix}")
    assert outcome.code == 7
    assert ".jpg" in outcome.err
    assert not list(folder.iterdir())


def test_a_photo_is_enlarged(swap: Call, folder: Path, portraits: Mapping[str, Path]) -> None:
    small = portraits["person_a_1"]
    assert swap("--upscale", "2", target=small).code == 0
    height, width = pixels(small).shape[:2]
    assert pixels(folder / "out.png").shape == (2 * height, 2 * width, 3)


def test_enlarging_a_photo_beyond_the_limit_is_refused(
    swap: Call, folder: Path, tmp_path: Path
) -> None:
    large = tmp_path / "large.png"
    Image.new("RGB", (4000, 2100)).save(large)
    outcome = swap("--upscale", "4", target=large)
    assert outcome.code == 7
    assert "megapixels" in outcome.err
    assert not list(folder.iterdir())


def test_an_existing_output_is_replaced_only_with_overwrite(swap: Call, folder: Path) -> None:
    (folder / "out.png").write_bytes(b"precious")
    outcome = swap()
    assert outcome.code == 7
    assert "exists" in outcome.err
    assert (folder / "out.png").read_bytes() == b"precious"
    assert swap("--overwrite").code == 0
    assert pixels(folder / "out.png").size


@pytest.mark.parametrize("place", ["source", "target", "like"])
@pytest.mark.parametrize("linked", [False, True])
def test_an_input_is_never_overwritten(
    place: str, linked: bool, call: Call, people: People, folder: Path
) -> None:
    path = {"source": people["a"], "target": people["c"], "like": people["d"]}[place]
    before = path.read_bytes()
    output = folder / "again.jpg" if linked else path
    if linked:
        os.link(path, output)
    swap = ("swap", "--source", people["a"], "--target", people["c"])
    outcome = call(*swap, "--faces", f"like:{people['d']}", "--output", output, "--overwrite")
    assert outcome.code == 7
    assert "also an input" in outcome.err
    assert path.read_bytes() == before


def test_an_output_that_is_a_symbolic_link_is_refused(
    swap: Call, folder: Path, tmp_path: Path
) -> None:
    (folder / "out.png").symlink_to(tmp_path / "elsewhere.png")
    outcome = swap("--overwrite")
    assert outcome.code == 7
    assert "symbolic link" in outcome.err
    assert not (tmp_path / "elsewhere.png").exists()


@pytest.mark.parametrize("output", ["/proc/self/out.png", f"/nowhere/{CANARY}/out.png", "/"])
def test_a_folder_that_takes_no_files_is_an_output_error(output: str, swap: Call) -> None:
    # /proc/self refuses new files to everyone, root included.
    assert swap("--overwrite", output=Path(output)).code == 7


def test_a_provider_that_does_not_work_here_is_refused(swap: Call, folder: Path) -> None:
    # DirectML is in no Linux build.
    outcome = swap("--provider", "directml")
    assert outcome.code == 6
    assert "directml" in outcome.err
    assert not list(folder.iterdir())


def test_a_missing_pack_is_refused(swap: Call, folder: Path) -> None:
    outcome = swap("--models", folder)
    assert outcome.code == 5
    assert not list(folder.iterdir())


def test_a_policy_with_gates_is_refused_outside_sessions(
    call: Call, people: Mapping[str, Path], folder: Path
) -> None:
    swap = (
        "swap",
        "--source",
        people["a"],
        "--target",
        people["c"],
        "--output",
        folder / "out.png",
    )
    clinic = REPOSITORY / "policies" / "clinic.yaml"
    outcome = call(*swap, "--policy", clinic)
    assert outcome.code == 8
    assert "session" in outcome.err
    assert not list(folder.iterdir())
    opened = folder.parent / "opened.yaml"
    text = clinic.read_text().replace("same_person: true", "same_person: false")
    opened.write_text(text.replace("consent: true", "consent: false"))
    assert call(*swap, "--policy", opened).code == 0


def test_a_policy_of_training_is_refused_outside_sessions(
    call: Call, people: Mapping[str, Path], folder: Path
) -> None:
    """What is made in training says so, which a command does not see to."""
    training = folder.parent / "training.yaml"
    gates = "gate: {same_person: false, consent: false}"
    training.write_text(f"training: true\nworkspace: {{backend: memory}}\n{gates}\n")
    swap = ("swap", "--source", people["a"], "--target", people["c"])
    outcome = call(*swap, "--output", folder / "out.png", "--policy", training)
    assert outcome.code == 8
    assert "training" in outcome.err
    assert not list(folder.iterdir())


def test_a_provider_that_the_policy_does_not_name_is_refused(
    call: Call, people: Mapping[str, Path], folder: Path, tmp_path: Path
) -> None:
    policy = tmp_path / "cpu.yaml"
    policy.write_text("gate: {same_person: false, consent: false}\nengine: {providers: [cpu]}\n")
    swap = ("swap", "--source", people["a"], "--target", people["c"], "--output", folder / "o.png")
    outcome = call(*swap, "--policy", policy, "--provider", "cuda")
    assert outcome.code == 8
    assert "cuda" in outcome.err
    assert "engine: {providers: [cuda, cpu], gpu: true}" in outcome.err
    outcome = call(*swap, "--policy", policy, "--provider", "openvino")
    assert outcome.code == 8
    assert "gpu" not in outcome.err
    assert call(*swap, "--policy", policy, "--provider", "cpu").code == 0


def test_a_source_photo_of_two_people_asks_which_one(
    call: Call, people: People, pair: Path, folder: Path
) -> None:
    def swap(*more: str) -> Outcome:
        words = ("--source", pair, "--target", people["c"], "--output", folder / "out.png")
        return call("swap", *words, "--overwrite", "--json", *more)

    refused = swap()
    assert refused.code == 4
    assert "Source photo 1 shows 2 faces" in refused.err
    assert "--source-face" in refused.err
    assert not list(folder.iterdir())
    pictures = []
    for which in ("left", "right", "1"):
        assert swap("--source-face", which).code == 0
        pictures.append(pixels(folder / "out.png"))
    assert np.any(pictures[0] != pictures[1])
    assert any(np.array_equal(pictures[2], one) for one in pictures[:2])
    assert swap("--source-face", "3").code == 4
    assert swap("--source-face", "middle").code == 2
    reference = swap("--source-face", "left", "--faces", f"like:{pair}")
    assert reference.code == 4
    assert "The reference photo shows 2 faces" in reference.err
    assert "--like-face" in reference.err
