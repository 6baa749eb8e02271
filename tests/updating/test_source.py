"""A bundle is read from a file, or from a disc in a drive."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.disc_reader.listing import DiscFile, Extent
from appliance.disc_reader.medium import Medium
from appliance.errors import InputError
from appliance.updating.source import DiscSource, from_disc, from_file
from tests.disc_reader.discs import burn
from tests.updating.machines import built, bundle, machine

OLD, NEW = built("0.1.0", 2), built("0.2.0", 3)


def test_an_update_is_installed_from_a_disc(tmp_path: Path) -> None:
    here = machine(tmp_path / "machine", OLD)
    update = bundle(tmp_path / "files", NEW).read_bytes()
    burn(tmp_path / "disc.iso", {"a.txt": b"a", "appliance-update.bundle": update})
    with from_disc(tmp_path / "disc.iso") as source:
        assert source is not None
        assert source.size == len(update)
        assert source.read(5, 9) == update[5:14]
        assert source.read(len(update) - 3, 9) == update[-3:]
        assert here.updater().apply(source) == "installed"
    assert "face-appliance_0.2.0+3.efi" in here.listing()


def test_without_drive_disc_or_bundle_there_is_nothing(tmp_path: Path) -> None:
    burn(tmp_path / "disc.iso", {"folder/appliance-update.bundle": b"not at the top"})
    (tmp_path / "blank").write_bytes(bytes(1 << 20))
    for drive in ("disc.iso", "blank", "none"):
        with from_disc(tmp_path / drive) as source:
            assert source is None


def test_a_file_in_several_pieces_is_read_as_one(tmp_path: Path) -> None:
    burn(tmp_path / "disc.iso", {"a": b"a"})
    data = (tmp_path / "disc.iso").read_bytes()
    with Medium.open(tmp_path / "disc.iso") as medium:
        extents = (Extent(40_000, 10), Extent(100, 5), Extent(32_768, 8))
        source = DiscSource(medium, DiscFile(b"/x", 23, extents))
        whole = data[40_000:40_010] + data[100:105] + data[32_768:32_776]
        for offset in range(25):
            for size in range(25):
                assert source.read(offset, size) == whole[offset : offset + size]


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(InputError), from_file(tmp_path / "none"):
        pass
    with pytest.raises(InputError), from_file(tmp_path):
        pass
