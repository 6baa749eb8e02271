"""Commands in really sealed processes, as people call them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image

from appliance.pipeline.simulation.points import PlacedPoints, read_points, written_points
from tests.cli.doctor.test_command import UNPRIVILEGED
from tests.paths import REPOSITORY
from tests.pipeline.media.clips import Clip, Sound, make

COMMAND = (sys.executable, "-m", "appliance.cli.main")
People = Mapping[str, Path]


@pytest.fixture(autouse=True)
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state folder of the user who runs the commands."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


def words(source: Path, target: Path, output: Path) -> list[str]:
    """A swap."""
    files = {"--source": source, "--target": target, "--output": output}
    return ["swap", *(str(word) for pair in files.items() for word in pair)]


@pytest.mark.parametrize("before", [(), UNPRIVILEGED], ids=["as-it-is", "unprivileged"])
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tiff"])
def test_a_photo(before: Sequence[str], suffix: str, people: People, tmp_path: Path) -> None:
    output = tmp_path / f"out{suffix}"
    swap = words(people["a"], people["c"], output)
    done = subprocess.run(
        [*before, *COMMAND, *swap], capture_output=True, check=False, cwd=REPOSITORY
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == b""
    assert output.stat().st_size > 1000


def _read_terminal(controller: int) -> bytes:
    """All that is written to a terminal until its last process has closed it."""
    parts = []
    with os.fdopen(controller, "rb", buffering=0) as shown, suppress(OSError):  # EIO at the end
        while part := shown.read(1 << 16):
            parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm", ".avi"])
def test_a_video_with_its_progress_on_a_terminal(
    suffix: str, people: People, clip: Path, tmp_path: Path
) -> None:
    output = tmp_path / f"out{suffix}"
    controller, terminal = os.openpty()
    process = subprocess.Popen(
        [*COMMAND, *words(people["a"], clip, output)],
        stdout=subprocess.DEVNULL,
        stderr=terminal,
        cwd=REPOSITORY,
        env=os.environ | {"TERM": "xterm"},
    )
    os.close(terminal)
    printed = _read_terminal(controller)  # while it runs: a slow swap would fill the terminal
    assert process.wait() == 0, printed
    assert b"swapping" in printed
    assert output.stat().st_size > 1000


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_a_video_of_10_bits(suffix: str, people: People, tmp_path: Path) -> None:
    """Its encoders, x265 and SVT-AV1, look at the machine and print more than the others."""
    target, output = tmp_path / "film.mp4", tmp_path / f"out{suffix}"
    target.write_bytes(make(Clip(pixel_format="yuv420p10le", size=(160, 120), frames=3)))
    done = subprocess.run(
        [*COMMAND, *words(people["a"], target, output), "--strength", "0", "--json"],
        capture_output=True,
        check=False,
        cwd=REPOSITORY,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert output.stat().st_size > 500


def test_all_that_a_simulation_can_be_asked_for_works_sealed(
    people: People, tmp_path: Path
) -> None:
    photo = ("simulate", "--photo", people["d"])
    files = ("--output", tmp_path / "out.png", "--report", tmp_path / "out.html")
    regions = (
        *("--mirror-region", "line=300,405:308,405:308,435:300,435"),
        *("--mirror-region", "mean=350,340:430,340:430,430:350,430"),
    )
    commands: tuple[tuple[str | Path, ...], ...] = (
        (*regions, *files, "--lines", tmp_path / "moved.png", "--mirror-result"),
        ("--lines", tmp_path / "lines.jpg"),
        ("--range",),
    )
    for words in commands:
        done = subprocess.run(
            [*COMMAND, *photo, *words], capture_output=True, check=False, cwd=REPOSITORY
        )
        assert done.returncode == 0, done.stderr


def test_inspect_compare_series_and_demo_work_sealed(
    people: People, clip: Path, tmp_path: Path
) -> None:
    commands: tuple[tuple[str | Path, ...], ...] = (
        ("inspect", people["a"]),
        ("inspect", clip),
        ("compare", people["a"], people["c"], "-o", tmp_path / "sheet.png"),
        ("series", "check", people["a"].parent),
        (
            *("simulate", "--photo", people["a"], "--handle", "chin-width=-1..-3"),
            *("--output", tmp_path / "simulated.png", "--report", tmp_path / "report.pdf"),
        ),
        ("simulate", "points", people["a"], "-o", tmp_path / "points.toml"),
        ("demo", "--output", tmp_path / "demo"),
    )
    for command in commands:
        done = subprocess.run(
            [*COMMAND, *command], capture_output=True, check=False, cwd=REPOSITORY
        )
        assert done.returncode == 0, done.stderr


def test_a_record_of_accuracy_grows_sealed(people: People, tmp_path: Path) -> None:
    """It is opened before the seal, and created or added to after it."""

    def run(*command: str | Path) -> bytes:
        done = subprocess.run(
            [*COMMAND, *command], capture_output=True, check=False, cwd=REPOSITORY
        )
        assert (done.returncode, done.stderr) == (0, b"")
        return done.stdout

    record, files = tmp_path / "accuracy.csv", (tmp_path / "before.toml", tmp_path / "later.toml")
    with Image.open(people["a"]) as image:
        points = read_points(run("simulate", "points", people["a"]), image.size)
    for path, by in zip(files, (0.5, -0.5), strict=True):
        places = {name: (x + by, y) for name, (x, y) in points.places.items()}
        path.write_bytes(written_points(PlacedPoints(points.size, places)))
    for number in (1, 2):
        run(
            *("accuracy", "measure", "--before", people["a"], "--before-points", files[0]),
            *("--later", people["a"], "--later-points", files[1], "--handle", "alar-width=-2"),
            *("--record", record, "--report", tmp_path / f"page-{number}.pdf"),
        )
        assert len(record.read_text().splitlines()) == 1 + number


@pytest.mark.parametrize("suffix", [".jpg", ".tif"])
def test_a_photo_is_labelled_signed_and_checked_sealed(
    suffix: str, people: People, tmp_path: Path
) -> None:
    check_release(people["a"], suffix, tmp_path)


@pytest.mark.parametrize(
    "clip",
    [
        Clip(size=(400, 320), frames=6, sounds=[Sound()]),
        Clip(size=(320, 401), frames=6, container="webm", codec="libvpx-vp9"),
        Clip(size=(400, 320), frames=6, pixel_format="yuv420p10le", sounds=[Sound("libopus")],
             container="mkv"),
    ],
    ids=["mp4", "webm", "mkv-10-bit"],
)  # fmt: skip
@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_a_film_is_labelled_signed_and_checked_sealed(
    suffix: str, clip: Clip, tmp_path: Path
) -> None:
    film = tmp_path / f"film.{clip.container}"
    film.write_bytes(make(clip))
    check_release(film, suffix, tmp_path)


def check_release(result: Path, suffix: str, tmp_path: Path) -> None:
    """Make keys, release, inspect, and write DICOM, each in a process of its own."""
    keys, released = tmp_path / "keys", tmp_path / f"released{suffix}"
    signed = ("--output", released, "--keys", keys, "--engine", "mesh")
    calls: list[tuple[str | Path, ...]] = [
        ("keys", keys, "--organisation", "A site"),
        ("label", result, *signed),
        ("inspect", released, "--anchor", keys),
    ]
    if suffix == ".jpg":
        disc = tmp_path / "disc"
        calls += [
            ("dicom", released, "--output", disc, "--anchor", keys),
            ("inspect", disc / "DICOM" / "IM000001", "--anchor", keys),
        ]
    for call in calls:
        done = subprocess.run(
            [*COMMAND, "release", *map(str, call)], capture_output=True, check=False, cwd=REPOSITORY
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr == b"" or b"frames" in done.stderr
