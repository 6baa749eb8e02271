"""What the answer of the program that lists a disc may be, and what is believed of it."""

from __future__ import annotations

import pytest

from appliance.disc_reader.listing import (
    MAX_EXTENTS,
    MAX_FILE_BYTES,
    MAX_FILES,
    Extent,
    parse_listing,
)
from appliance.errors import InputError

DISC = 1 << 40


def line(path: str, start: int = 20, size: int = 1, number: int = 0, blocks: int = 0) -> bytes:
    """A line about one extent, as xorriso writes it."""
    blocks = blocks or -(-size // 2048)
    return b"File data lba: %2d , %8d , %8d , %8d , '%s'" % (
        *(number, start, blocks, size),
        path.encode(),
    )


def test_sound_lines_are_files() -> None:
    (file,) = parse_listing([line("/a/b.jpg", 20, 3000)], DISC)
    assert (file.path, file.size, file.extents) == (b"/a/b.jpg", 3000, (Extent(40960, 3000),))


def test_a_name_is_not_in_what_is_printed_of_a_file() -> None:
    (file,) = parse_listing([line("/jane-canary.jpg")], DISC)
    assert "jane" not in repr(file)


@pytest.mark.parametrize(
    "wrong",
    [
        b"rm -rf /",
        line("/a")[:-1],
        line("a"),
        line("/"),
        line("/a/../b"),
        line("/a/./b"),
        line("/a//b"),
        line("/a\\000b"),
        line("/.."),
        line("/a", number=1),
        line("/a", start=-1),
        line("/" + "a" * 1024),
        line("/a") + b" more",
    ],
)
def test_any_other_line_refuses_the_disc(wrong: bytes) -> None:
    assert parse_listing([line("/sound")], DISC)
    with pytest.raises(InputError, match="folders of the disc"):
        parse_listing([line("/sound"), wrong], DISC)


def test_the_extents_of_a_file_follow_each_other() -> None:
    size = 3 * 2048
    first = line("/a", 20, size, blocks=2)
    (file,) = parse_listing([first, line("/a", 40, size, 1, 1)], DISC)
    assert file.extents == (Extent(20 * 2048, 4096), Extent(40 * 2048, 2048))
    for second in (line("/b", 40, size, 1, 1), line("/a", 40, size, 2, 1)):
        with pytest.raises(InputError, match="folders of the disc"):
            parse_listing([first, second], DISC)


def test_files_and_extents_are_bounded() -> None:
    many = [line(f"/{number}", 2 * number) for number in range(MAX_FILES + 1)]
    assert len(parse_listing(many[:-1], DISC)) == MAX_FILES
    with pytest.raises(InputError, match="more files than are read"):
        parse_listing(many, DISC)
    size = 2048 * (MAX_EXTENTS + 1)
    parts = [line("/a", 2 * number, size, number, 1) for number in range(MAX_EXTENTS + 1)]
    with pytest.raises(InputError, match="folders of the disc"):
        parse_listing(parts, DISC)


def test_a_file_is_no_larger_than_what_is_imported() -> None:
    sizes = (MAX_FILE_BYTES, MAX_FILE_BYTES + 1)
    found = [parse_listing([line("/a", size=size)], DISC)[0].refusal for size in sizes]
    assert found == [None, "too-large"]


def test_a_place_within_another_is_found_wherever_it_is_listed() -> None:
    # The first reaches over the second into the third.
    lines = [line("/a", 20, 10 * 2048), line("/b", 22, 1), line("/c", 29, 1), line("/d", 30, 1)]
    for order in (lines, lines[::-1]):
        found = {file.path: file.refusal for file in parse_listing(order, DISC)}
        assert found == {b"/a": "shared", b"/b": "shared", b"/c": "shared", b"/d": None}
