"""Drives and images, opened and read."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from appliance.disc_reader import medium as module
from appliance.disc_reader.contents import copy_file
from appliance.disc_reader.lister import list_disc
from appliance.disc_reader.medium import Medium
from appliance.errors import InputError
from tests.disc_reader.conftest import CANARY, FILES
from tests.disc_reader.discs import burn


def test_what_is_no_drive_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / CANARY.decode())
    for path in (tmp_path / CANARY.decode(), Path("/dev/null"), tmp_path):
        with pytest.raises(InputError, match="no disc") as caught:
            Medium.open(path)
        assert CANARY.decode() not in caught.value.message + caught.value.hint


def test_a_missing_image_and_an_empty_drive_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match="does not exist"):
        Medium.open(tmp_path / CANARY.decode())

    def empty(path: Path) -> int:
        raise OSError(errno.ENOMEDIUM, "No medium found", str(path))

    monkeypatch.setattr(module, "_opened", empty)
    with pytest.raises(InputError, match="no disc in the drive"):
        Medium.open(tmp_path / CANARY.decode())


def test_a_scratch_refuses_the_file_that_it_crosses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    burn(tmp_path / "disc.iso", FILES)
    with Medium.open(tmp_path / "disc.iso") as medium, (tmp_path / "copy").open("wb") as sink:
        one, other, *_ = list_disc(medium)
        sound = os.pread

        def scratched(descriptor: int, size: int, offset: int) -> bytes:
            if offset == one.extents[0].start:
                raise OSError(errno.EIO, "Input/output error")
            return sound(descriptor, size, offset)

        monkeypatch.setattr(os, "pread", scratched)
        with pytest.raises(InputError, match="cannot be read"):
            copy_file(medium, one, sink.fileno())
        copy_file(medium, other, sink.fileno())
    assert (tmp_path / "copy").stat().st_size == other.size
