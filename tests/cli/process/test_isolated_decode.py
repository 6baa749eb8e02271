"""Photos decoded in a sealed process of their own."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from appliance.cli.process import isolated_decode
from appliance.errors import InputError
from appliance.pipeline.media.photo.decode import read_photo


@pytest.mark.parametrize("stem", ["person_a_2", "person_e_1"])
def test_it_comes_out_as_it_would_here(stem: str, portraits: Mapping[str, Path]) -> None:
    with portraits[stem].open("rb") as file:
        photo = isolated_decode.decode_isolated(file, "The photo")
    here = read_photo(portraits[stem].read_bytes())
    assert photo.pixels.shape == here.pixels.shape
    assert np.abs(np.asarray(photo.pixels, int) - here.pixels).mean() < 1


def test_what_is_no_photo_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "anna.jpg").write_bytes(b"\xff\xd8\xff\xe0 no photo")
    with (tmp_path / "anna.jpg").open("rb") as file, pytest.raises(InputError) as refused:
        isolated_decode.decode_isolated(file, "A photo")
    assert refused.value.message.startswith("A photo: ")


def test_a_decoder_that_dies_or_lies_is_refused(
    portraits: Mapping[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for lie in ("exit 1", "printf '%-64s' '{\"height\":9,\"width\":9}'", "echo no"):
        python = tmp_path / "python"
        python.write_text(f"#!/bin/sh\n{lie}\n")
        python.chmod(0o700)
        monkeypatch.setattr(sys, "executable", str(python))
        with portraits["person_a_2"].open("rb") as file, pytest.raises(InputError):
            isolated_decode.decode_isolated(file, "A photo")
