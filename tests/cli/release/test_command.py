from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cli.conftest import CANARY, Call, Outcome


@pytest.fixture
def keys(call: Call, folder: Path) -> Path:
    made = folder / "keys"
    assert call("release", "keys", made, "--organisation", "A site").code == 0
    return made


def label(call: Call, photo: Path, output: Path, keys: Path, *more: str) -> Outcome:
    words = ("--keys", keys, "--engine", "simulation", *more)
    return call("release", "label", photo, "--output", output, *words)


def test_a_released_photo_is_trusted_and_one_with_a_flipped_byte_is_not(
    call: Call, people: Mapping[str, Path], folder: Path, keys: Path
) -> None:
    released = folder / "released.jpg"
    done = label(call, people["a"], released, keys)
    assert done.code == 0
    data = bytearray(released.read_bytes())
    assert CANARY.encode() not in data
    found = call("release", "inspect", released, "--anchor", keys / "anchor.pem", "--json")
    assert (found.code, found.json["trusted"]) == (0, True)
    assert f"released as  {found.json['provenance']['number']}" in done.out
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
