"""Discs from outside, as a person takes photos and videos from them."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import CANARY, Call
from tests.disc_reader.discs import EXTENT, burn, put, record
from tests.paths import REPOSITORY
from tests.pipeline.media.clips import Clip, make

COMMAND = (sys.executable, "-m", "appliance.cli.main", "disc")


@pytest.fixture
def disc(people: Mapping[str, Path], folder: Path) -> Path:
    """A disc with a photo, a film, a text and an empty file, in names that tell who it is."""
    files = {
        f"{CANARY}/1.jpg": people["a"].read_bytes(),
        f"{CANARY}/2.mp4": make(Clip(frames=2)),
        f"{CANARY}/3.jpg": b"no photo",
        f"{CANARY}/4.jpg": b"",
    }
    burn(folder / "disc.iso", files)
    return folder / "disc.iso"


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """A command in a process that really seals itself."""
    return subprocess.run(
        [*COMMAND, *map(str, words)], capture_output=True, text=True, check=False, cwd=REPOSITORY
    )


def test_the_screen_alone_shows_names(disc: Path) -> None:
    listed = run("list", disc)
    assert (listed.returncode, listed.stderr) == (0, "")
    rows = [row.split() for row in listed.stdout.splitlines()]
    assert [row[0] for row in rows] == ["1", "2", "3", "4"]
    assert [row[-1] for row in rows] == [
        f"/{CANARY}/{n}" for n in ("1.jpg", "2.mp4", "3.jpg", "4.jpg")
    ]


def test_what_is_taken_is_encoded_again_in_a_sealed_process(
    disc: Path, folder: Path, people: Mapping[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
    out = folder / "out"
    out.mkdir()
    taken = run("take", disc, "1-2", "--output", out)
    assert (taken.returncode, taken.stderr) == (0, "")
    assert CANARY not in taken.stdout
    assert {file.name for file in out.iterdir()} == {"disc-00001.png", "disc-00002.mp4"}
    with Image.open(people["a"]) as before, Image.open(out / "disc-00001.png") as after:
        assert (after.format, after.size) == ("PNG", before.size)
    assert not any(
        CANARY.encode() in file.read_bytes()
        for file in folder.rglob("*")
        if file.suffix != ".iso" and file.is_file() and "state" in str(file)
    )


def test_what_cannot_be_taken_leaves_no_file_and_stops_no_other(
    call: Call, disc: Path, folder: Path
) -> None:
    out = folder / "out"
    out.mkdir()
    taken = call("disc", "take", disc, "1", "3-4", "--output", out)
    assert taken.code == 3
    assert "2 of 3 files were not taken" in taken.err
    assert [file.name for file in out.iterdir()] == ["disc-00001.png"]
    again = call("disc", "take", disc, "1", "--output", out)
    assert again.code == 7  # exists already
    none = call("disc", "take", disc, "5", "--output", out)
    assert "no file with this number" in none.err


def test_a_file_that_does_not_lie_on_the_disc_is_not_taken(
    call: Call, people: Mapping[str, Path], folder: Path
) -> None:
    image = burn(folder / "sound.iso", {"a.jpg": people["a"].read_bytes()}, "-R")
    put(image, record(image, b"A.JPG;1") + EXTENT, 0xFFFFFF)
    (folder / "spoilt.iso").write_bytes(image)
    out = folder / "out"
    out.mkdir()
    assert "[refused: not on the disc]" in call("disc", "list", folder / "spoilt.iso").out
    taken = call("disc", "take", folder / "spoilt.iso", "1", "--output", out)
    assert "does not lie on the disc" in taken.out
    assert not list(out.iterdir())


@pytest.mark.parametrize("wrong", ["0", "3-1", "x", "1-x", "999999", "-1"])
def test_numbers_are_those_of_the_list(call: Call, disc: Path, folder: Path, wrong: str) -> None:
    refused = call("disc", "take", disc, "--output", folder, "--", wrong)
    assert refused.code == 2


def test_a_folder_that_is_missing_and_files_beyond_the_bound_are_refused(
    call: Call, disc: Path, folder: Path
) -> None:
    assert call("disc", "take", disc, "1", "--output", folder / "none").code == 7
    assert "at most 200" in call("disc", "take", disc, "1-201", "--output", folder).err


def test_a_photo_as_it_was_taken_shows_what_the_disc_showed(
    call: Call, folder: Path, people: Mapping[str, Path]
) -> None:
    picture = io.BytesIO()
    with Image.open(people["a"]) as photo:
        photo.convert("RGB").save(picture, "png")
    burn(folder / "disc.iso", {"a.png": picture.getvalue()})
    out = folder / "out"
    out.mkdir()
    assert call("disc", "take", folder / "disc.iso", "1", "--output", out).code == 0
    with Image.open(people["a"]) as photo, Image.open(out / "disc-00001.png") as after:
        assert photo.convert("RGB").tobytes() == after.tobytes()
