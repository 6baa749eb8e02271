"""The table of partitions, written by us and judged by sgdisk and sfdisk."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.updating.disk import Disk
from appliance.updating.gpt import Table
from appliance.updating.problem import RefusedUpdateError
from tests.updating.machines import SECTOR, Machine, built, machine, run

FRESH = uuid.UUID("01234567-89ab-4cde-8f01-23456789abcd")


@pytest.fixture
def here(tmp_path: Path) -> Machine:
    """A machine."""
    return machine(tmp_path, built("0.1.0", 2))


@pytest.fixture
def disk(here: Machine) -> Iterator[Disk]:
    """Its disk."""
    with Disk.open(here.disk, writable=True) as opened:
        yield opened


def end(here: Machine) -> int:
    """The last sector."""
    return here.disk.stat().st_size // SECTOR - 1


def spoil(disk: Disk, sector: int, at: int) -> None:
    """Change one byte."""
    offset = sector * SECTOR + at
    disk.write(offset, bytes([disk.read(offset, 1)[0] ^ 1]))


def is_sound(here: Machine) -> bool:
    """Whether both programs find nothing."""
    found = run("sgdisk", "--verify", str(here.disk)) + run("sfdisk", "--verify", str(here.disk))
    return "No problems found" in found and "No errors detected" in found


def test_partitions_are_those_that_sfdisk_lists(here: Machine, disk: Disk) -> None:
    dump = run("sfdisk", "--dump", str(here.disk)).lower()
    partitions = Table.read(disk).partitions
    assert len(partitions) == 6
    for one in partitions:
        line = next(line for line in dump.splitlines() if f"vda{one.number + 1} " in line)
        words = (f"type={one.kind}", f"uuid={one.id}", f'name="{one.name}"')
        assert all(word in line for word in words)
        assert int(line.partition("start=")[2].partition(",")[0]) == one.first
        assert int(line.partition("size=")[2].partition(",")[0]) == one.last - one.first + 1


def test_a_new_id_and_name_change_nothing_else(here: Machine, disk: Disk) -> None:
    before = run("sfdisk", "--dump", str(here.disk)).lower()
    Table.read(disk).rename(disk, {2: (FRESH, "root-0.2.0")})
    after = run("sfdisk", "--dump", str(here.disk)).lower()
    old = str(uuid.UUID(int=3))
    assert after == before.replace(old, str(FRESH)).replace('"_empty"', '"root-0.2.0"', 1)
    assert is_sound(here)


@pytest.mark.parametrize("at", [0, 16, 24, 60, 72, 88])
def test_a_torn_first_header_is_read_from_the_end_and_healed(
    at: int, here: Machine, disk: Disk
) -> None:
    before = Table.read(disk).partitions
    spoil(disk, 1, at)
    table = Table.read(disk)
    assert (table.torn, table.partitions) == ("primary", before)
    assert table.heal(disk).torn is None
    assert (Table.read(disk).torn, Table.read(disk).partitions) == (None, before)
    assert is_sound(here)


@pytest.mark.parametrize("sector", [-32, 0])
def test_a_torn_last_copy_is_healed_from_the_first(sector: int, here: Machine, disk: Disk) -> None:
    before = Table.read(disk).partitions
    spoil(disk, end(here) + sector, 20)
    assert Table.read(disk).torn == "backup"
    Table.read(disk).heal(disk)
    assert (Table.read(disk).torn, Table.read(disk).partitions) == (None, before)
    assert is_sound(here)


def test_copies_that_differ_are_those_of_a_cut_between_them(here: Machine, disk: Disk) -> None:
    first = disk.read(SECTOR, 2 * SECTOR)
    Table.read(disk).rename(disk, {2: (FRESH, "root-0.2.0")})
    disk.write(SECTOR, first)
    table = Table.read(disk)
    assert table.torn == "backup"
    assert FRESH not in {one.id for one in table.partitions}
    with pytest.raises(ValueError, match="torn"):
        table.rename(disk, {2: (FRESH, "root-0.2.0")})
    table.heal(disk).rename(disk, {2: (FRESH, "root-0.2.0")})
    assert FRESH in {one.id for one in Table.read(disk).partitions}
    assert is_sound(here)


def test_without_a_whole_copy_nothing_is_written(here: Machine, disk: Disk) -> None:
    spoil(disk, 1, 20)
    spoil(disk, end(here), 20)
    with pytest.raises(RefusedUpdateError):
        Table.read(disk)


def test_a_disk_without_a_table_is_refused(tmp_path: Path) -> None:
    for size in (0, 100, 512, 5000, 1 << 20):
        path = tmp_path / "disk"
        path.write_bytes(bytes(size))
        with Disk.open(path, writable=False) as disk, pytest.raises(RefusedUpdateError):
            Table.read(disk)
