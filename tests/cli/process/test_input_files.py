from __future__ import annotations

import errno
import os
import socket
from pathlib import Path

import pytest

from appliance.cli.process.input_files import open_input
from appliance.errors import InputError
from tests.cli.conftest import CANARY, Call
from tests.paths import PORTRAITS


def missing(folder: Path) -> Path:
    return folder / f"{CANARY}.jpg"


def below_a_file(folder: Path) -> Path:
    (folder / "file").write_bytes(b"x")
    return folder / "file" / f"{CANARY}.jpg"


def empty(folder: Path) -> Path:
    path = folder / f"{CANARY}.jpg"
    path.touch()
    return path


def text(folder: Path) -> Path:
    path = folder / f"{CANARY}.jpg"
    path.write_text(f"I am {CANARY}, and no photo at all.\n" * 20)
    return path


def a_folder(folder: Path) -> Path:
    return folder


def pipe(folder: Path) -> Path:
    path = folder / f"{CANARY}.jpg"
    os.mkfifo(path)
    return path


def unix_socket(folder: Path) -> Path:
    path = folder / "s"
    with socket.socket(socket.AF_UNIX) as bound:
        # Its address must be short, wherever the folder is.
        descriptor = os.open(folder, os.O_RDONLY)
        bound.bind(f"/proc/self/fd/{descriptor}/s")
        os.close(descriptor)
    return path


def loop(folder: Path) -> Path:
    path = folder / f"{CANARY}.jpg"
    path.symlink_to(path)
    return path


def long_name(folder: Path) -> Path:
    return folder / (CANARY * 100)


def half_photo(folder: Path) -> Path:
    whole = PORTRAITS / "person_c_1.jpg"
    path = folder / f"{CANARY}.jpg"
    path.write_bytes(whole.read_bytes()[:20_000])
    return path


def wrong_header(folder: Path) -> Path:
    path = folder / f"{CANARY}.mp4"
    path.write_bytes(b"\x00\x00\x00\x20ftypisom" + bytes(500))
    return path


BAD = (
    missing,
    below_a_file,
    empty,
    text,
    a_folder,
    pipe,
    unix_socket,
    loop,
    long_name,
    half_photo,
    wrong_header,
)


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("place", ["inspect", "source", "target", "like", "compare"])
def test_a_bad_input_is_refused_wherever_it_is_given(
    bad: object, place: str, folder: Path, people: dict[str, Path], call: Call
) -> None:
    assert callable(bad)
    path = bad(folder)
    before = sorted(folder.iterdir())
    output = folder / "out.png"
    given = {"source": people["a"], "target": people["c"], "like": people["c"], place: path}
    if place == "inspect":
        outcome = call("inspect", path)
    elif place == "compare":
        outcome = call("compare", people["a"], path, "--output", output)
    else:
        swap = ("swap", "--source", given["source"], "--target", given["target"])
        outcome = call(*swap, "--faces", f"like:{given['like']}", "--output", output)
    assert outcome.code == 3
    assert outcome.out == ""
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (errno.EACCES, "may not be read"),
        (errno.EPERM, "may not be read"),
        (errno.ENOENT, "does not exist"),
        (errno.EIO, "disk failed"),
    ],
)
def test_the_reason_why_a_file_cannot_be_opened_is_given(
    code: int, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: object, *_: object) -> int:
        raise OSError(code, os.strerror(code), path)

    monkeypatch.setattr("appliance.cli.process.input_files.os.open", refuse)
    with pytest.raises(InputError, match=expected) as caught:
        open_input(Path(CANARY), "The target")
    assert CANARY not in caught.value.message + caught.value.hint


def test_a_file_too_large_for_a_photo_is_refused(
    people: dict[str, Path], call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.cli.process.input_files.MAX_PHOTO_BYTES", 1000)
    outcome = call("inspect", people["a"])
    assert outcome.code == 3
    assert "larger" in outcome.err


def test_the_message_says_which_source_it_was(
    folder: Path, people: dict[str, Path], call: Call
) -> None:
    swap = ("swap", "--source", people["a"], "--source", text(folder), "--target", people["c"])
    outcome = call(*swap, "--output", folder / "out.png")
    assert outcome.code == 3
    assert "Source photo 2" in outcome.err


def test_a_video_as_source_is_refused(
    folder: Path, people: dict[str, Path], clip: Path, call: Call
) -> None:
    outcome = call(
        "swap", "--source", clip, "--target", people["c"], "--output", folder / "out.png"
    )
    assert outcome.code == 3
    assert "Source photo 1: This is a video" in outcome.err
