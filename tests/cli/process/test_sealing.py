"""The commands in really sealed processes, started in unusual ways."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from tests.cli.conftest import pixels

People = Mapping[str, Path]

_THREAD = (
    "import threading, time; threading.Thread(target=time.sleep, args=(9,), daemon=True).start()"
)


def appliance(
    *words: str | Path, folder: Path, start: str = "", rights: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Run the command line; ``start`` is code that Python runs first."""
    (folder / "sitecustomize.py").write_text(start)
    return subprocess.run(
        [*rights, sys.executable, "-m", "appliance.cli.main", *words],
        env=os.environ | {"PYTHONPATH": str(folder), "XDG_STATE_HOME": str(folder / "state")},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def test_an_output_is_replaced_and_no_other_file_of_its_folder_is_touched(
    people: People, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "sheet.png").write_text("an older one")
    (folder / "other.txt").write_text("another")
    compare = ("compare", people["a"], people["c"], "-o", folder / "sheet.png")
    assert appliance(*compare, folder=tmp_path).returncode == 7
    assert (folder / "sheet.png").read_text() == "an older one"
    assert appliance(*compare, "--overwrite", folder=tmp_path).returncode == 0
    assert pixels(folder / "sheet.png").shape[1] > 900
    assert {file.name for file in folder.iterdir()} == {"sheet.png", "other.txt"}
    assert (folder / "other.txt").read_text() == "another"


@pytest.mark.parametrize("suffix", ["mp4", "webm"])
def test_a_video_is_swapped(people: People, clip: Path, tmp_path: Path, suffix: str) -> None:
    result = tmp_path / f"out.{suffix}"
    swap = ("swap", "--source", people["a"], "--target", clip, "--output", result, "--json")
    done = appliance(*swap, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert msgspec.json.decode(done.stdout)["frames"] == 72
    inspected = appliance("inspect", result, folder=tmp_path)
    assert inspected.returncode == 0, inspected.stderr
    assert "face 1" in inspected.stdout


def test_a_swap_works_without_capabilities(people: People, tmp_path: Path) -> None:
    rights = ("setpriv", "--bounding-set=-all", "--inh-caps=-all") if os.geteuid() == 0 else ()
    swap = ("swap", "--source", people["a"], "--target", people["c"])
    done = appliance(*swap, "--output", tmp_path / "out.png", folder=tmp_path, rights=rights)
    assert done.returncode == 0, done.stderr


def test_a_process_that_was_made_to_start_a_thread_is_refused(
    people: People, tmp_path: Path
) -> None:
    # Landlock would not bind it: refused before a model is loaded or a photo is read.
    done = appliance("inspect", people["a"], folder=tmp_path, start=_THREAD)
    assert done.returncode == 9
    assert "threads" in done.stderr
