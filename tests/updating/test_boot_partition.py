"""Files on FAT32, written by us and read by mtools and fsck.vfat."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.updating.disk import Disk, Region
from appliance.updating.fat.names import entries, free_alias
from appliance.updating.fat.volume import Volume
from appliance.updating.problem import RefusedUpdateError
from tests.updating.machines import MIB, run

SIZE = 40 * MIB
FOLDER = ("EFI", "Linux")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A file system with the folder."""
    path = tmp_path / "esp"
    with path.open("wb") as file:
        file.truncate(SIZE)
    run("mkfs.vfat", "-F", "32", "-s", "1", "-n", "ESP", str(path))
    run("mmd", "-i", str(path), "::/EFI")
    run("mmd", "-i", str(path), "::/EFI/Linux")
    return path


@pytest.fixture
def disk(image: Path) -> Iterator[Disk]:
    """The same, open."""
    with Disk.open(image, writable=True) as opened:
        yield opened


def volume(disk: Disk) -> Volume:
    """The folder, read again."""
    return Volume(Region(disk, 0, SIZE), FOLDER)


def names(image: Path) -> list[str]:
    """The files of the folder, by mtools."""
    listed = run("mdir", "-b", "-i", str(image), "::/EFI/Linux", check=False)
    return [line.rpartition("/")[2] for line in listed.splitlines() if line.startswith("::")]


def content(image: Path, name: str) -> bytes:
    """What a file holds, by mtools."""
    done = subprocess.run(
        ["mcopy", "-n", "-i", str(image), f"::/EFI/Linux/{name}", "-"],  # noqa: S607
        capture_output=True,
        check=True,
    )
    return done.stdout


def clean(image: Path) -> None:
    """Let fsck.vfat find nothing."""
    run("fsck.vfat", "-n", str(image))


def add(disk: Disk, name: str, data: bytes) -> None:
    """Write a file."""
    opened = volume(disk)
    opened.name(opened.store([data], len(data)), name)


@pytest.mark.parametrize("length", [1, 2, 12, 13, 14, 25, 26, 27, 39, 60, 150])
def test_names_of_every_length_are_read_by_others(disk: Disk, image: Path, length: int) -> None:
    name = "n" * length + ".efi"
    add(disk, name, b"content")
    assert names(image) == [name]
    assert content(image, name) == b"content"
    (file,) = volume(disk).files()
    assert (file.name, b"".join(volume(disk).read(file))) == (name, b"content")
    clean(image)


@pytest.mark.parametrize("size", [1, 511, 512, 513, MIB - 1, MIB, MIB + 1, 3 * MIB + 7])
def test_files_of_every_size_are_read_by_others(disk: Disk, image: Path, size: int) -> None:
    data = bytes(n * n % 251 for n in range(size))
    add(disk, "file.efi", data)
    assert content(image, "file.efi") == data
    clean(image)


def test_what_mtools_wrote_is_read_renamed_and_removed(
    disk: Disk, image: Path, tmp_path: Path
) -> None:
    for name in ("SHORT.EFI", "lower.efi", "a-long-name_1.2.3+2-1.efi", "x.y.z", "NOSUFFIX"):
        (tmp_path / name).write_bytes(name.encode() * 999)
        run("mcopy", "-i", str(image), str(tmp_path / name), "::/EFI/Linux/")
    found = {file.name.lower(): file for file in volume(disk).files()}
    assert set(found) == {name.lower() for name in names(image)}
    volume(disk).rename(found["a-long-name_1.2.3+2-1.efi"], "a-long-name_1.2.3+3.efi")
    volume(disk).remove(found["x.y.z"])
    assert "a-long-name_1.2.3+3.efi" in names(image)
    assert "x.y.z" not in names(image)
    assert content(image, "a-long-name_1.2.3+3.efi") == b"a-long-name_1.2.3+2-1.efi" * 999
    clean(image)


def test_a_folder_of_one_sector_takes_as_many_names_as_fit_and_no_more(
    disk: Disk, image: Path
) -> None:
    kept = [f"face-appliance_0.0.{number}+3.efi" for number in range(4)]
    for name in kept:
        add(disk, name, b"x")
    with pytest.raises(RefusedUpdateError) as raised:
        add(disk, "face-appliance_0.0.9+3.efi", b"x")
    assert raised.value.reason == "esp"
    assert sorted(names(image)) == kept
    # ".", "..", and three slots for each.
    (first, *_) = volume(disk).files()
    volume(disk).remove(first)
    add(disk, "face-appliance_0.1.0+3.efi", b"again")
    assert content(image, "face-appliance_0.1.0+3.efi") == b"again"


def test_what_lies_behind_the_end_of_a_folder_does_not_come_back(disk: Disk, image: Path) -> None:
    add(disk, "one.efi", b"1")
    start = image.read_bytes().index(b"ONE~1   EFI") // 512 * 512
    garbage = (b"GHOST   EFI" + b"\x20").ljust(32, b"\0")
    with image.open("r+b") as file:
        file.seek(start + 5 * 32)
        file.write(garbage * 11)
    assert names(image) == ["one.efi"]
    add(disk, "two.efi", b"2")
    assert names(image) == ["one.efi", "two.efi"]
    add(disk, "a-name-that-takes-three-slots.efi", b"3")
    assert len(names(image)) == 3
    (two,) = [one for one in volume(disk).files() if one.name == "two.efi"]
    volume(disk).rename(two, "a-longer-name-for-two.efi")
    assert sorted(names(image)) == [
        "a-longer-name-for-two.efi",
        "a-name-that-takes-three-slots.efi",
        "one.efi",
    ]


@pytest.mark.parametrize("cluster", [1, 8])
@pytest.mark.parametrize("before", range(16))
def test_a_longer_name_does_not_bring_back_what_lies_behind_the_end(
    before: int, cluster: int, tmp_path: Path
) -> None:
    path = tmp_path / "esp"
    with path.open("wb") as file:
        file.truncate(SIZE * cluster)
    run("mkfs.vfat", "-F", "32", "-s", str(cluster), str(path))
    run("mmd", "-i", str(path), "::/EFI", "::/EFI/Linux")
    with Disk.open(path, writable=True) as disk:
        opened = Volume(Region(disk, 0, SIZE * cluster), FOLDER)
        ghost = (b"GHOST   EFI" + b"\x20").ljust(32, b"\0")
        folder = bytearray(opened._folder())
        for slot in range(2, len(folder) // 32):
            folder[slot * 32 : slot * 32 + 32] = ghost
        one = (b"ONE     EFI" + b"\x20").ljust(32, b"\0")
        for slot in range(2, 2 + min(before, len(folder) // 32 - 3)):
            folder[slot * 32 : slot * 32 + 32] = b"\xe5" + one[1:]
        last = 2 + min(before, len(folder) // 32 - 3)
        folder[last * 32 : last * 32 + 32] = one
        if last * 32 + 32 < len(folder):
            folder[last * 32 + 32] = 0
        for at in range(0, len(folder), 512):
            opened._write(at, bytes(folder[at : at + 512]))
        (found,) = opened.files()
        opened.rename(found, "a-name-of-29-letters-in-all.efi")
        listed = [file.name for file in opened.files()]
    assert listed == names(path) == ["a-name-of-29-letters-in-all.efi"]


def test_a_full_partition_is_said_before_a_byte_is_written(disk: Disk, image: Path) -> None:
    before = image.read_bytes()
    room = volume(disk).room([])
    with pytest.raises(RefusedUpdateError) as raised:
        volume(disk).store([bytes(room + 1)], room + 1)
    assert raised.value.reason == "too-large"
    assert image.read_bytes() == before
    add(disk, "all.efi", bytes(room))
    assert volume(disk).room([]) == 0
    assert volume(disk).room(volume(disk).files()) == room
    clean(image)


def test_a_chain_that_ends_early_or_turns_back_is_not_whole(disk: Disk) -> None:
    add(disk, "file.efi", bytes(5000))
    (file,) = volume(disk).files()
    assert volume(disk).is_whole(file)
    table = 32 * 512
    for link in (0, file.first, file.first + 9_999, 0x0FFFFFF8):
        disk.write(table + 4 * (file.first + 2), link.to_bytes(4, "little"))
        assert not volume(disk).is_whole(file), link
        with pytest.raises(RefusedUpdateError):
            list(volume(disk).read(file))


def test_a_folder_that_holds_itself_does_not_go_on_for_ever(disk: Disk, image: Path) -> None:
    at = image.read_bytes().index(b"LINUX      ")
    root = int.from_bytes(disk.read(44, 4), "little")
    disk.write(at + 26, root.to_bytes(2, "little"))
    with pytest.raises(RefusedUpdateError):
        volume(disk).room([])


def test_short_names_are_unique() -> None:
    taken: set[bytes] = set()
    for _ in range(120):
        alias = free_alias("face-appliance_0.1.0+3.efi", taken)
        assert len(alias) == 11
        taken.add(alias)
    assert len(taken) == 120
    assert b"FACEAP~1EFI" in taken


def test_a_long_name_that_belongs_to_another_file_is_not_taken_for_its_name(disk: Disk) -> None:
    add(disk, "a-long-name-of-a-file.efi", b"x")
    (file,) = volume(disk).files()
    data = disk.read(0, SIZE)
    start = data.index(file.raw[:11]) // 512 * 512
    sector = bytearray(data[start : start + 512])
    assert [one.name for one in entries(bytes(sector))] == ["a-long-name-of-a-file.efi"]
    at = sector.index(file.raw[:11])
    sector[at : at + 11] = b"OTHER   EFI"
    assert [one.name for one in entries(bytes(sector))] == ["OTHER.EFI"]
