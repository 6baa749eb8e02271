from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import pytest

from appliance.cli.release import label as label_command
from appliance.cli.release import marking
from appliance.pipeline.media.photo.decode import read_photo
from appliance.release.keys import read_release_keys, read_watermark_key
from appliance.release.watermark.reading import read_from_photo
from tests.cli.conftest import CANARY, Call, Outcome
from tests.pipeline.media.clips import Clip, Sound, make


@pytest.fixture
def keys(call: Call, folder: Path) -> Path:
    made = folder / "keys"
    assert call("release", "keys", made, "--organisation", "A site").code == 0
    return made


@pytest.fixture
def film(folder: Path) -> Path:
    path = folder / f"{CANARY}.mkv"
    clip = Clip(container="mkv", size=(400, 320), frames=12, sounds=[Sound(language="deu")])
    path.write_bytes(make(clip))
    return path


def label(call: Call, photo: Path, output: Path, keys: Path, *more: str) -> Outcome:
    words = ("--keys", keys, "--engine", "simulation", *more)
    return call("release", "label", photo, "--output", output, *words)


def number_of(done: Outcome) -> int:
    assert done.code == 0
    return int(done.out.split("released as")[1].split()[0])


def test_a_released_photo_is_trusted_and_one_with_a_flipped_byte_is_not(
    call: Call, people: Mapping[str, Path], folder: Path, keys: Path
) -> None:
    released = folder / "released.jpg"
    number = number_of(label(call, people["a"], released, keys))
    data = bytearray(released.read_bytes())
    assert CANARY.encode() not in data
    found = call("release", "inspect", released, "--anchor", keys / "anchor.pem", "--json")
    assert (found.code, found.json["trusted"]) == (0, True)
    assert found.json["provenance"]["number"] == number
    data[len(data) // 2] ^= 1
    released.write_bytes(data)
    changed = call("release", "inspect", released, "--anchor", keys)
    assert changed.code == 15
    assert "changed or damaged" in changed.out


def test_a_photo_that_was_not_released_is_not_trusted(
    call: Call, people: Mapping[str, Path], keys: Path
) -> None:
    found = call("release", "inspect", people["a"], "--anchor", keys)
    assert found.code == 15
    assert "none" in found.out


def test_keys_are_for_their_owner_alone_and_never_replaced(call: Call, keys: Path) -> None:
    assert keys.stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in keys.iterdir())
    assert call("release", "keys", keys, "--organisation", "A site").code == 7


@pytest.mark.parametrize("wrong", ["out.bmp", "out.jpg --producer a\\b"])
def test_what_cannot_be_released_leaves_no_file(
    call: Call, people: Mapping[str, Path], folder: Path, keys: Path, wrong: str
) -> None:
    output, *more = wrong.split()
    refused = label(call, people["a"], folder / output, keys, *more)
    assert refused.code == 15
    assert not (folder / output).exists()


def test_a_released_photo_has_the_number_in_its_pixels(
    call: Call, people: Mapping[str, Path], folder: Path, keys: Path
) -> None:
    released = folder / "released.jpg"
    number = number_of(label(call, people["a"], released, keys))
    key = read_watermark_key(keys / "watermark.key")
    assert read_from_photo(read_photo(released.read_bytes()), key).number == number


@pytest.mark.parametrize("suffix", [".mp4", ".m4v", ".mov"])
def test_a_released_film_is_trusted_and_one_with_a_flipped_byte_is_not(
    call: Call, film: Path, folder: Path, keys: Path, suffix: str
) -> None:
    released = folder / f"released{suffix}"
    number = number_of(label(call, film, released, keys, "--corner-mark"))
    found = call("release", "inspect", released, "--anchor", keys, "--json")
    assert (found.code, found.json["provenance"]["number"]) == (0, number)
    assert found.json["label"]["ProduceID"] == str(number)
    data = bytearray(released.read_bytes())
    data[data.index(b"mdat") + 99] ^= 1
    released.write_bytes(data)
    assert call("release", "inspect", released, "--anchor", keys).code == 15


def test_progress_is_shown_for_a_film_that_says_how_long_it_is(
    call: Call, folder: Path, keys: Path
) -> None:
    film = folder / "film.mp4"
    film.write_bytes(make(Clip(size=(400, 320), frames=12)))
    assert "12 of 12 frames" in label(call, film, folder / "out.mp4", keys).err


@pytest.mark.parametrize("name", ["out.mkv", "out.webm", "out.avi", "out.png", "out"])
def test_a_film_is_released_as_mp4_or_mov_only(
    call: Call, film: Path, folder: Path, keys: Path, name: str
) -> None:
    refused = label(call, film, folder / name, keys)
    assert refused.code == 15
    assert ".mp4" in refused.err
    assert not (folder / name).exists()


def test_a_film_that_is_cut_short_leaves_no_file(
    call: Call, film: Path, folder: Path, keys: Path
) -> None:
    whole = film.read_bytes()
    film.write_bytes(whole[: len(whole) // 2])
    assert label(call, film, folder / "out.mp4", keys).code == 3
    assert {path.name for path in folder.iterdir()} == {film.name, "keys"}


def test_a_film_that_cannot_leave_uses_up_no_number(
    call: Call, film: Path, folder: Path, keys: Path
) -> None:
    large = film.read_bytes()
    film.write_bytes(make(Clip(container="mkv", size=(318, 400), frames=3)))
    refused = label(call, film, folder / "out.mp4", keys)
    assert (refused.code, "320 pixels" in refused.err) == (15, True)
    assert {path.name for path in folder.iterdir()} == {film.name, "keys"}
    film.write_bytes(large)
    assert number_of(label(call, film, folder / "out.mp4", keys))


def test_a_film_that_crashes_its_decoder_leaves_no_file(
    call: Call, film: Path, folder: Path, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_arguments: Any, **_more: Any) -> NoReturn:
        os._exit(1)

    monkeypatch.setattr(marking, "mark_film", crash)
    refused = label(call, film, folder / "out.mp4", keys)
    assert refused.code == 3
    assert "crashed" in refused.err
    assert {path.name for path in folder.iterdir()} == {film.name, "keys"}


def test_the_decoder_s_process_is_forked_before_the_signing_key_is_read(
    call: Call, film: Path, folder: Path, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = []
    fork, read = os.fork, read_release_keys

    def forking() -> int:
        order.append("fork")
        return fork()

    def reading(path: Path) -> Any:
        order.append("key")
        return read(path)

    monkeypatch.setattr(os, "fork", forking)
    monkeypatch.setattr(label_command, "read_release_keys", reading)
    assert label(call, film, folder / "out.mp4", keys).code == 0
    assert order[-2:] == ["fork", "key"]
    assert order.count("key") == 1


def test_what_the_child_tried_is_in_the_ledger(
    call: Call,
    people: Mapping[str, Path],
    folder: Path,
    keys: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wait = marking.MarkingChild.wait

    def waiting(child: marking.MarkingChild, tell: Any) -> Mapping[str, int]:
        wait(child, tell)
        return {"socket": 2}

    monkeypatch.setattr(marking.MarkingChild, "wait", waiting)
    assert label(call, people["a"], folder / "out.png", keys).code == 0
    entries = [json.loads(line) for line in call("audit", "show", "--json").out.splitlines()]
    tried = [one["event"] for one in entries if one["event"]["kind"] == "escape-attempt"]
    assert [(one["what"], one["times"]) for one in tried] == [("socket", 2)]
