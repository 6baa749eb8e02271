from __future__ import annotations

import shutil
from pathlib import Path

import av
import numpy as np
import pytest

from appliance.cli.demo import command
from appliance.cli.demo.pan_clip import FRAMES, RATE, SIDE
from tests.cli.conftest import CANARY, Call, pixels
from tests.paths import PORTRAITS

RESULTS = ["sheet.png", "swapped.mp4", "swapped.png"]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_it_writes_a_sheet_a_photo_and_a_video(
    call: Call, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    output = tmp_path / "results"
    output.mkdir()
    (output / "sheet.png").write_bytes(b"of an earlier demo")
    shutil.copytree(PORTRAITS, folder / "portraits")
    outcome = call("demo", "--output", "results", "--portraits", folder / "portraits")
    assert outcome.code == 0
    assert names(output) == RESULTS
    lines = dict(line.split("  ", 1) for line in outcome.out.splitlines())
    assert lines["contact sheet"].strip() == "results/sheet.png"
    assert lines["engine"].strip() == "geometric simulation"
    sheet = pixels(output / "sheet.png")
    assert sheet.shape[1] > 1200
    assert sheet.std() > 40
    target = pixels(PORTRAITS / "person_d_1.jpg")
    swapped = pixels(output / "swapped.png")
    assert swapped.shape == target.shape
    assert 0.02 < np.mean((swapped != target).any(axis=2)) < 0.5
    with av.open(str(output / "swapped.mp4")) as film:
        picture = film.streams.video[0]
        assert (picture.width, picture.height) == (SIDE, SIDE)
        assert picture.average_rate == RATE
        assert sum(1 for _ in film.decode(picture)) == FRAMES


def test_missing_portraits_are_an_error(call: Call, folder: Path) -> None:
    outcome = call("demo", "--output", folder / "results", "--portraits", folder)
    assert outcome.code == 3
    assert names(folder) == []


def test_portraits_without_faces_are_an_error(call: Call, folder: Path, faceless: Path) -> None:
    for file in PORTRAITS.glob("person_*"):
        shutil.copy(faceless, folder / file.name)
    outcome = call("demo", "--output", folder / "results", "--portraits", folder)
    assert outcome.code == 4
    assert names(folder / "results") == []


def test_an_output_that_is_not_a_folder_is_an_error(call: Call, folder: Path) -> None:
    (folder / CANARY).write_bytes(b"precious")
    assert call("demo", "--output", folder / CANARY).code == 7
    assert call("demo", "--output", folder / CANARY / "below").code == 7


def test_an_interrupted_demo_leaves_nothing(
    call: Call, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        # By now the sheet and the photo are written, though not under their names.
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "_video", interrupted)
    outcome = call("demo", "--output", folder / "results")
    assert outcome.code == 130
    assert outcome.err == "interrupted; nothing was written\n"
    assert names(folder / "results") == []
