"""Photos decoded in a sealed process of their own."""

from __future__ import annotations

import struct
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np
import pytest

from appliance.cli.process import isolated_decode
from appliance.errors import InputError
from appliance.pipeline.media.photo.decode import read_photo


@pytest.mark.parametrize("stem", ["person_a_2", "person_e_1"])
def test_an_isolated_decode_gives_the_pixels_of_a_local_one(
    stem: str, portraits: Mapping[str, Path]
) -> None:
    with portraits[stem].open("rb") as file:
        photo = isolated_decode.decode_isolated(file, "The photo")
    here = read_photo(portraits[stem].read_bytes())
    assert photo.pixels.shape == here.pixels.shape
    assert np.abs(np.asarray(photo.pixels, int) - here.pixels).mean() < 1


def test_a_file_that_is_not_a_photo_is_refused_by_its_role(tmp_path: Path) -> None:
    (tmp_path / "anna.jpg").write_bytes(b"\xff\xd8\xff\xe0 no photo")
    with (tmp_path / "anna.jpg").open("rb") as file, pytest.raises(InputError) as refused:
        isolated_decode.decode_isolated(file, "A photo")
    assert refused.value.message.startswith("A photo: ")


def frame(data: bytes) -> bytes:
    """``data`` as ``Connection`` frames it: behind its length, big-endian."""
    return struct.pack("!i", len(data)) + data


SIZE = frame(msgspec.json.encode(isolated_decode.Decoded(9, 9)))


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"no",
        frame(b"no JSON"),
        frame(b'{"type":"Other"}'),
        frame(b'{"type":"Decoded","height":0,"width":0}') + frame(b""),
        struct.pack("!i", 1 << 30),
        SIZE,
        SIZE + frame(bytes(3 * 81))[:-1],
        SIZE + frame(bytes(3 * 80)),
    ],
)
def test_an_answer_that_is_cut_short_or_malformed_is_refused(
    answer: bytes,
    portraits: Mapping[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "answer").write_bytes(answer)
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\ncat '{tmp_path}/answer'\n")
    python.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(python))
    with (
        portraits["person_a_2"].open("rb") as file,
        pytest.raises(InputError, match="cannot be decoded"),
    ):
        isolated_decode.decode_isolated(file, "A photo")


def test_a_decoder_that_never_stops_writing_is_ended(
    portraits: Mapping[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It would write for ever: the parent refuses the first frame and ends it.
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexec yes\n")
    python.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(python))
    with portraits["person_a_2"].open("rb") as file, pytest.raises(InputError):
        isolated_decode.decode_isolated(file, "A photo")
