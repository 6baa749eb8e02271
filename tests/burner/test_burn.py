from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.burner.contents import read_contents
from appliance.burner.medium import Drive
from appliance.burner.problem import DiscError, SpoiledError
from appliance.burner.xorriso import XORRISO
from tests.burner.folders import (
    BLOCK,
    DATE,
    burn_drive,
    burn_image,
    contents,
    filled,
    instead,
    opened,
    says,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return filled(tmp_path / "folder")


def test_an_image_holds_the_files_and_nothing_else(folder: Path, tmp_path: Path) -> None:
    image = tmp_path / "disc.iso"
    burned = burn_image(folder, image)
    assert burned.sha256 == hashlib.sha256(image.read_bytes()).hexdigest()
    assert burned.size == image.stat().st_size
    out = tmp_path / "out"
    # Its other half, which mounts nothing either.
    extract = ["/usr/bin/osirrox", "-indev", str(image), "-extract", "/", str(out)]
    subprocess.run(extract, check=True, capture_output=True)
    found = {path.relative_to(out).as_posix(): path for path in out.rglob("*") if path.is_file()}
    assert {name: path.read_bytes() for name, path in found.items()} == contents()
    assert {int(path.stat().st_mtime) for path in found.values()} == {DATE}


def test_the_same_files_become_the_same_image(folder: Path, tmp_path: Path) -> None:
    first = burn_image(folder, tmp_path / "first.iso")
    folder.rename(tmp_path / "elsewhere")
    os.utime(tmp_path / "elsewhere/index.html", (1, 1))
    assert burn_image(tmp_path / "elsewhere", tmp_path / "second.iso") == first
    (tmp_path / "elsewhere/index.html").write_bytes(b"<p>hallo</p>")
    assert burn_image(tmp_path / "elsewhere", tmp_path / "third.iso") != first


def test_a_drive_is_written_closed_and_read_back(folder: Path, tmp_path: Path) -> None:
    done: list[float] = []
    drive = tmp_path / "drive"
    burned = burn_drive(folder, drive, says(tmp_path), done.append)
    assert burned.sha256 == hashlib.sha256(drive.read_bytes()).hexdigest()
    assert done == sorted(done)
    assert done[-1] == 1


@pytest.mark.parametrize(
    ("kind", "before", "reason"),
    [
        ("DVD+R", "is written , is closed", "not-blank"),
        ("DVD+R", "is written , is appendable", "not-blank"),
        ("DVD-ROM", "is written , is closed", "not-blank"),
        ("CD-R", "is written , is appendable", "not-blank"),
        ("DVD+RW", "is blank", "rewritable"),
        ("BD-RE", "is blank", "rewritable"),
        ("DVD-RAM", "is blank", "rewritable"),
        ("is not recognizable", "is not recognizable", "no-drive"),
    ],
)
def test_only_a_blank_disc_that_can_be_written_once_is_taken(
    folder: Path, tmp_path: Path, kind: str, before: str, reason: str
) -> None:
    with pytest.raises(DiscError) as refused:
        burn_drive(folder, tmp_path / "drive", says(tmp_path, kind=kind, before=before))
    assert refused.value.reason == reason
    assert not (tmp_path / "drive").exists()


def test_a_second_session_is_refused(folder: Path, tmp_path: Path) -> None:
    drive, program = tmp_path / "drive", says(tmp_path)
    burn_drive(folder, drive, program)
    before = drive.read_bytes()
    with pytest.raises(DiscError, match="not blank"):
        burn_drive(folder, drive, program)
    assert drive.read_bytes() == before


def test_a_disc_that_is_too_small_stays_blank(folder: Path, tmp_path: Path) -> None:
    small = instead(
        tmp_path,
        '"$xorriso" "$@" | sed -u -e "s/stdio file, overwriteable/DVD+R/"'
        ' -e "s/\\(Media space *:\\).*/\\1 100s/"',
    )
    with pytest.raises(DiscError, match="too small") as refused:
        burn_drive(folder, tmp_path / "drive", small)
    assert refused.value.free == 100 * BLOCK < refused.value.needed
    assert not (tmp_path / "drive").exists()


def test_a_disc_that_does_not_close_is_spoiled(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(SpoiledError, match="could not be closed") as spoiled:
        burn_drive(folder, tmp_path / "drive", says(tmp_path, after="is written , is appendable"))
    assert "destroy it" in spoiled.value.hint


def test_a_disc_that_is_taken_out_while_it_is_written_is_spoiled(
    folder: Path, tmp_path: Path
) -> None:
    program = Path(says(tmp_path)).rename(tmp_path / "says")
    fails = f'case "$*" in *-commit*) {program} "$@" | grep -v "Written to"; exit 5;; esac'
    with pytest.raises(SpoiledError, match="could not be written") as spoiled:
        burn_drive(folder, tmp_path / "drive", instead(tmp_path, f'{fails}\nexec {program} "$@"'))
    assert spoiled.value.stage == "write"


@pytest.mark.parametrize(
    ("damage", "stage"),
    [
        # One bit of a file; another file; nothing.
        (lambda data: data.replace(b"hello", b"jello"), "compare"),
        (lambda data: data.replace(b"index.html", b"other.html"), "compare"),
        (lambda data: data[:40_000], "read"),
    ],
)
def test_what_is_read_back_is_compared(
    folder: Path, tmp_path: Path, damage: Callable[[bytes], bytes], stage: str
) -> None:
    """The disc changes between writing and reading."""
    drive, made = tmp_path / "drive", tmp_path / "made"
    burn_drive(folder, made, says(tmp_path))
    (tmp_path / "damaged").write_bytes(damage(made.read_bytes()))
    program = Path(says(tmp_path)).rename(tmp_path / "says")
    then = f"code=$?; cp {tmp_path}/damaged {drive}; exit $code"
    damaging = f'case "$*" in *-commit*) {program} "$@"; {then};; esac'
    with pytest.raises(SpoiledError) as spoiled:
        burn_drive(folder, drive, instead(tmp_path, f'{damaging}\nexec {program} "$@"'))
    assert spoiled.value.stage == stage


def test_a_full_disk_is_noticed_while_an_image_is_written(folder: Path, tmp_path: Path) -> None:
    full = instead(tmp_path, 'ulimit -f 100; exec "$xorriso" "$@"')
    with pytest.raises(SpoiledError, match="image could not be") as spoiled:
        burn_image(folder, tmp_path / "disc.iso", full)
    assert "deleted" in spoiled.value.hint


def test_an_image_is_not_written_over_anything(folder: Path, tmp_path: Path) -> None:
    image = tmp_path / "disc.iso"
    burn_image(folder, image)
    with pytest.raises(FileExistsError):
        burn_image(folder, image)


def _link(folder: Path) -> None:
    (folder / "link").symlink_to("index.html")


def _linked_folder(folder: Path) -> None:
    (folder / "more").symlink_to("results")


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe")


def _odd(folder: Path) -> None:
    (folder / "a b.jpg").write_bytes(b"x")


def _hidden(folder: Path) -> None:
    (folder / ".hidden").write_bytes(b"x")


def _option(folder: Path) -> None:
    (folder / "-outdev").write_bytes(b"x")


def _foreign(folder: Path) -> None:
    (folder / "ärger").write_bytes(b"x")


def _same(folder: Path) -> None:
    (folder / "INDEX.HTML").write_bytes(b"x")


def _empty(folder: Path) -> None:
    (folder / "empty").touch()


def _deep(folder: Path) -> None:
    deep = folder / "/".join("abcdefg")
    deep.mkdir(parents=True)
    (deep / "h").write_bytes(b"x")


def _nothing(folder: Path) -> None:
    for path in folder.rglob("*.*"):
        path.unlink()


@pytest.mark.parametrize(
    "spoil",
    [
        *(_link, _linked_folder, _pipe, _odd, _hidden, _option, _foreign, _same, _empty, _deep),
        _nothing,
    ],
)
def test_a_folder_with_anything_odd_is_refused(
    folder: Path, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    burn_image(folder, tmp_path / "control.iso")
    spoil(folder)
    with pytest.raises(DiscError, match="cannot be put on a disc"):
        burn_image(folder, tmp_path / "disc.iso")


def test_what_is_no_drive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for device in (tmp_path / "file", tmp_path, tmp_path / "none", Path("/dev/null")):
        with pytest.raises(DiscError, match="no drive"):
            Drive.at(device)


def test_a_missing_program_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DiscError, match="xorriso"):
        burn_image(folder, tmp_path / "disc.iso", "/nowhere/xorriso")
    burn_image(folder, tmp_path / "control.iso", XORRISO)


def test_who_gives_up_leaves_no_program_behind(folder: Path, tmp_path: Path) -> None:
    noted = instead(tmp_path, f'echo $$ >> {tmp_path}/processes; exec "$xorriso" "$@"')

    def give_up(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        burn_image(folder, tmp_path / "disc.iso", noted, give_up)
    for number in (tmp_path / "processes").read_text().split():
        with pytest.raises(ProcessLookupError):
            os.kill(int(number), 0)


def test_a_folder_is_read_by_its_descriptor_alone(folder: Path, tmp_path: Path) -> None:
    with opened(folder) as descriptor:
        folder.rename(tmp_path / "moved")
        filled(folder, {"other": b"other"})
        assert [file.name for file in read_contents(descriptor).files] == list(contents())
